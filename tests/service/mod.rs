//! The service as a process: how it starts, what it refuses to start with, and how it goes down.

mod config_commands;
mod cors;
mod keys;
mod rekey;
mod replicas;
mod reset_password;
mod secrets;
mod start;
mod static_files;
mod stop;
mod strangers;
mod unreadable;
