//! The gateway, row by row of the failover table.
