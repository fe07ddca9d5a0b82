//! With no database set up the service brings its own, and neither it nor its data is lost, however either of them ends.
//!
mod outages;

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::json;

use crate::support::app::instance;
use crate::support::client::Client;
use crate::support::home::Home;
use crate::support::server::{ADMIN_PASSWORD, ADMIN_USERNAME, Server};
use crate::support::wait::{SOON, until};

const INSTANCES: &str = "/api/v1/model-instances";

/// Somebody who may do everything.
async fn admin(server: &Server) -> Client {
    let anonymous = Client::new(server.address());
    let body = json!({"username": ADMIN_USERNAME, "password": ADMIN_PASSWORD});
    let session = anonymous.post("/api/v1/auth/login", &body).await;
    let session = session.expect(200).json();
    anonymous.with_bearer(session["access_token"].as_str().unwrap())
}

async fn add(admin: &Client, name: &str) {
    admin.post(INSTANCES, &instance(name, 1)).await.expect(201);
}

async fn names(admin: &Client) -> Vec<String> {
    let list = admin.get(&format!("{INSTANCES}?sort=name")).await;
    let items = list.expect(200).json()["items"].clone();
    let name = |item: &serde_json::Value| item["name"].as_str().unwrap().to_owned();
    items.as_array().unwrap().iter().map(name).collect()
}

/// Ends a service in order.
async fn end(mut server: Server) {
    server.signal(Signal::INT);
    let status = server.exit(SOON).await;
    assert_eq!(status.code(), Some(0), "{}", server.log());
}

fn ended(process: Pid) -> bool {
    test_kill_process(process) == Err(Errno::SRCH)
}

#[tokio::test]
async fn data_is_found_again_and_the_database_ends_with_the_service() {
    let home = Home::open();
    let server = home.start().await;
    add(&admin(&server).await, "kept").await;
    let postmaster = home.postmaster().unwrap();
    assert!(!ended(postmaster));
    end(server).await;
    assert!(ended(postmaster), "PostgreSQL still runs as {postmaster:?}");
    assert_eq!(home.postmaster(), None);

    let server = home.start().await;
    assert_eq!(names(&admin(&server).await).await, ["kept"]);
    end(server).await;
}

#[tokio::test]
async fn a_killed_service_starts_again_at_once_with_its_data() {
    let home = Home::open();
    for round in 0..3 {
        let server = home.start().await;
        let admin = admin(&server).await;
        assert_eq!(names(&admin).await.len(), round);
        add(&admin, &format!("round {round}")).await;
        server.signal(Signal::KILL);
    }
    let server = home.start().await;
    assert_eq!(
        names(&admin(&server).await).await,
        ["round 0", "round 1", "round 2"]
    );
    end(server).await;
}

#[tokio::test]
async fn a_killed_database_comes_back_under_the_running_service() {
    let home = Home::open();
    let server = home.start().await;
    let admin = admin(&server).await;
    add(&admin, "before").await;
    let killed = home.postmaster().unwrap();
    kill_process(killed, Signal::KILL).unwrap();
    until(SOON, "the service has its database again", async || {
        let answer = admin.get(INSTANCES).try_send().await?;
        let another = home.postmaster().is_some_and(|process| process != killed);
        (answer.status == 200 && another).then_some(())
    })
    .await;
    add(&admin, "after").await;
    assert_eq!(names(&admin).await, ["after", "before"]);

    // What is changed from now on reaches the gateway too, which listens on a connection of its own.
    let key = json!({"name": "key", "scopes": ["gateway"]});
    let key = admin
        .post("/api/v1/api-keys", &key)
        .await
        .expect(201)
        .json();
    let caller = admin.with_bearer(key["key"].as_str().unwrap());
    until(SOON, "the gateway knows a new key", async || {
        (caller.get("/v1/models").await.status == 200).then_some(())
    })
    .await;
    end(server).await;
}

#[tokio::test]
async fn a_second_service_on_the_same_folder_is_refused() {
    let home = Home::open();
    let server = home.start().await;
    let log = home.refused().await;
    assert!(log.contains("another understudy (pid "), "{log}");
    assert!(log.contains("uses this data folder"), "{log}");
    // The first one doesn't notice.
    add(&admin(&server).await, "still here").await;
    end(server).await;
}

#[tokio::test]
async fn without_programs_of_postgresql_the_message_names_the_step_that_helps() {
    let empty = tempfile::tempdir().unwrap();
    let path = empty.path().display().to_string();
    let home = Home::open()
        .with("UNDERSTUDY_POSTGRES_BIN", &path)
        .with("PATH", &path);
    let log = home.refused().await;
    for part in [
        format!("UNDERSTUDY_POSTGRES_BIN is {path}, but it has no postgres"),
        "PostgreSQL 14 or later".to_owned(),
    ] {
        assert!(log.contains(&part), "{part} in {log}");
    }
    assert!(!home.data().join("postgres").exists());
}

#[tokio::test]
async fn a_folder_that_only_its_owner_may_enter_is_good_enough() {
    let home = Home::with_mode(0o700);
    let server = home.start().await;
    add(&admin(&server).await, "kept").await;
    end(server).await;
    let server = home.start().await;
    assert_eq!(names(&admin(&server).await).await, ["kept"]);
    end(server).await;

    // Only root has to leave the folder, and says where it went.
    let pointer = std::fs::read_to_string(home.data().join("postgres.location"));
    assert_eq!(pointer.is_ok(), rustix::process::geteuid().is_root());
    if let Ok(pointer) = pointer {
        let elsewhere = PathBuf::from(pointer.lines().last().unwrap());
        assert!(elsewhere.join("postgres/PG_VERSION").is_file());
        std::fs::remove_dir_all(elsewhere).unwrap();
    }
}

#[tokio::test]
async fn the_database_is_reached_by_nobody_else() {
    let home = Home::open();
    let server = home.start().await;
    let content = std::fs::read_to_string(home.data().join("postgres/postmaster.pid")).unwrap();
    let lines: Vec<&str> = content.lines().collect();
    // The fifth line is the folder of the socket, the sixth the first address of TCP.
    let mode = std::fs::metadata(lines[4]).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700, "{content}");
    assert_eq!(lines[5].trim(), "", "{content}");
    let folder = PathBuf::from(lines[4]);
    end(server).await;
    assert!(!folder.exists());
}
