//! The service as a process: how it starts, what it refuses to start with, and how it goes down.

mod balanced;
mod config_commands;
mod cors;
mod database_tls;
mod dialogs;
mod keys;
mod rekey;
mod replicas;
mod reset_password;
mod restore;
mod secrets;
mod start;
mod static_files;
mod stop;
mod strangers;
mod unreadable;
