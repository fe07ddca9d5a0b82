//! The official Python SDK against the gateway.
