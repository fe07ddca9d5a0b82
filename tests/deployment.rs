//! What `deploy/`, `docker-compose.yml` and the documentation say of each other is true. No container is started here: these are the
//! mistakes that would otherwise be found by whoever builds the images next.

use std::collections::BTreeSet;

use crate::support::app::file;

/// Variables of the service that a container has no use for, each with the reason.
const NOT_FOR_CONTAINERS: [(&str, &str); 4] = [
    (
        "UNDERSTUDY_LISTEN",
        "the image sets it, and compose decides who reaches it",
    ),
    ("UNDERSTUDY_DATA_DIR", "only with the embedded database"),
    ("UNDERSTUDY_POSTGRES_BIN", "only with the embedded database"),
    ("UNDERSTUDY_WEB_ROOT", "nginx serves the web application"),
];

fn read(path: &str) -> String {
    std::fs::read_to_string(file("..").join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The names in backquotes in the first column of the table that begins with this line.
fn table(document: &str, head: &str) -> BTreeSet<String> {
    let text = read(document);
    let (_, table) = text
        .split_once(head)
        .unwrap_or_else(|| panic!("no {head} in {document}"));
    let rows = table
        .trim_start_matches('\n')
        .lines()
        .take_while(|line| line.starts_with('|'));
    rows.filter_map(|line| line.split('|').nth(1))
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .map(str::to_owned)
        .collect()
}

/// The lines of a service of the compose file.
fn service(compose: &str, name: &str) -> String {
    let (_, rest) = compose.split_once("\nservices:\n").expect("services");
    let (_, rest) = rest
        .split_once(&format!("  {name}:\n"))
        .unwrap_or_else(|| panic!("no {name}"));
    let lines = rest
        .lines()
        .take_while(|line| line.is_empty() || line.starts_with("    "));
    lines.collect::<Vec<&str>>().join("\n")
}

/// The names of variables that are set or passed on there.
fn variables(service: &str) -> BTreeSet<&str> {
    let (_, rest) = service.split_once("environment:\n").expect("variables");
    let lines = rest.lines().take_while(|line| line.starts_with("      "));
    lines
        .filter_map(|line| Some(line.trim().split_once(':')?.0))
        .filter(|name| !name.starts_with('#'))
        .collect()
}

#[test]
fn images_are_built_from_every_member_of_the_workspace() {
    let manifest = read("Cargo.toml");
    let (_, members) = manifest.split_once("members = [").expect("members");
    let members: BTreeSet<&str> = members
        .split(']')
        .next()
        .unwrap_or_default()
        .split('"')
        .skip(1)
        .step_by(2)
        // What lies within another folder is copied with it.
        .filter_map(|member| member.split('/').next())
        .collect();
    assert!(members.len() >= 6, "{members:?}");
    let allowed = read(".dockerignore");
    for dockerfile in ["deploy/api/Dockerfile", "deploy/web/Dockerfile"] {
        let text = read(dockerfile);
        // The migrations are part of the program, and what Cargo itself reads.
        for folder in members.iter().chain(&["migrations", ".cargo"]) {
            assert!(
                text.contains(&format!("\nCOPY {folder} {folder}\n")),
                "{folder} in {dockerfile}"
            );
            assert!(
                allowed.contains(&format!("\n!{folder}\n")),
                "{folder} in .dockerignore"
            );
        }
    }
}

#[test]
fn compose_passes_on_every_variable_that_a_container_has_use_for() {
    let documented = table("README.md", "| variable | meaning | default |");
    assert!(documented.len() >= 25, "{documented:?}");
    let compose = read("docker-compose.yml");
    let api = service(&compose, "api");
    let passed = variables(&api);
    let missing: Vec<&String> = documented
        .iter()
        .filter(|name| !passed.contains(name.as_str()))
        .filter(|name| !NOT_FOR_CONTAINERS.iter().any(|(known, _)| known == name))
        .collect();
    assert!(missing.is_empty(), "not in docker-compose.yml: {missing:?}");
    let unknown: Vec<&&str> = passed
        .iter()
        .filter(|name| !name.starts_with("OTEL_") && !documented.contains(**name))
        .collect();
    assert!(unknown.is_empty(), "not in the README: {unknown:?}");
}

#[test]
fn sample_names_every_value_that_compose_asks_for() {
    let compose = read("docker-compose.yml");
    let sample = read(".env.sample");
    let asked: BTreeSet<&str> = compose
        .split("${")
        .skip(1)
        .filter_map(|rest| rest.split(['}', ':', '-']).next())
        .collect();
    assert!(asked.len() >= 15, "{asked:?}");
    let missing: Vec<&&str> = asked
        .iter()
        .filter(|name| {
            !sample.lines().any(|line| {
                line.trim_start_matches('#')
                    .starts_with(&format!("{name}="))
            })
        })
        .collect();
    assert!(missing.is_empty(), "not in .env.sample: {missing:?}");
}

#[test]
fn compose_of_debian_reads_the_file_too() {
    // What 1.29 (Debian 12) has no word for. One that it does not know makes it refuse the whole file, whichever profile is asked for.
    let compose = read("docker-compose.yml");
    for line in compose.lines() {
        let key = line.trim_start().trim_start_matches("- ");
        for newer in [
            "include:",
            "name:",
            "develop:",
            "attach:",
            "required:",
            "dockerfile_inline:",
            "additional_contexts:",
            "post_start:",
            "start_interval:",
            "gpus:",
        ] {
            assert!(!key.starts_with(newer), "{line}");
        }
    }
    // Nor has it variables within variables: it would take the first brace that closes for the end, and the rest for text.
    for (_, rest) in compose
        .match_indices("${")
        .map(|(at, _)| compose.split_at(at + 2))
    {
        let value = rest.split('}').next().unwrap_or_default();
        assert!(!value.contains("${"), "{value}");
    }
    // A file of variables is named by a string, and the one that is there without asking is part of the repository.
    let mut files = 0;
    for (_, value) in compose
        .lines()
        .filter_map(|line| line.split_once("env_file:"))
    {
        let name = value
            .trim()
            .strip_prefix("[\"${")
            .expect("one string, with a variable");
        let name = name.strip_suffix("}\"]").expect("one string");
        let (_, default) = name.split_once(":-").expect("a default");
        let variables = read(default);
        assert!(
            variables.lines().all(|line| line.starts_with('#')),
            "{variables}"
        );
        files += 1;
    }
    assert_eq!(files, 2, "one for each model");
}

#[test]
fn containers_of_models_have_time_to_stop() {
    let source = read("deploy/model/entrypoint/settings.py");
    let (_, default) = source
        .split_once("reader.number(\"STOP_SECONDS\", 1, 3600, ")
        .expect("a default");
    let seconds: u32 = default
        .split(')')
        .next()
        .unwrap_or_default()
        .parse()
        .expect("seconds");
    let compose = read("docker-compose.yml");
    assert!(compose.contains(&format!(
        "STOP_SECONDS: ${{MODEL_STOP_SECONDS:-{seconds}}}\n"
    )));
    let grace = seconds + 10;
    assert!(compose.contains(&format!(
        "stop_grace_period: ${{MODEL_STOP_GRACE:-{grace}s}}\n"
    )));
    let page = read("deploy/model/README.md");
    let examples: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("docker run "))
        .collect();
    assert!(examples.len() >= 5, "{examples:?}");
    for example in examples {
        assert!(
            example.contains(&format!("--stop-timeout {grace} ")),
            "{example}"
        );
    }
}

#[test]
fn variables_of_the_model_container_are_those_that_its_page_describes() {
    let documented = table("deploy/model/README.md", "| variable | meaning | default |");
    let source = read("deploy/model/entrypoint/settings.py");
    let mut known: BTreeSet<String> = source
        .split("reader.")
        .skip(1)
        .filter_map(|call| Some(call.split_once("(\"")?.1.split_once('"')?.0.to_owned()))
        .collect();
    for (method, name) in [
        ("model", "MODEL"),
        ("gpu_layers", "GPU_LAYERS"),
        ("name", "MODEL_NAME"),
        ("endpoint", "HF_ENDPOINT"),
        ("arguments", "EXTRA_ARGS"),
    ] {
        assert!(source.contains(&format!("reader.{method}(")), "{method}");
        assert!(source.contains(&format!("self.text(\"{name}\")")), "{name}");
        known.insert(name.to_owned());
    }
    for secret in ["API_KEY", "HF_TOKEN"] {
        known.insert(format!("{secret}_FILE"));
    }
    assert!(known.len() >= 15, "{known:?}");
    assert_eq!(documented, known);

    let compose = read("docker-compose.yml");
    let mut ports = BTreeSet::new();
    for name in ["model-a", "model-b"] {
        let model = service(&compose, name);
        for variable in variables(&model) {
            assert!(known.contains(variable), "{variable} of {name}");
        }
        let (_, port) = model.split_once("PORT: ").expect("a port");
        ports.insert(port.lines().next().map(str::to_owned));
    }
    assert_eq!(
        ports.len(),
        2,
        "each model has a port of its own: {ports:?}"
    );
}

#[test]
fn exit_codes_of_the_model_container_are_those_that_its_page_describes() {
    let documented = table("deploy/model/README.md", "| exit code | why |");
    let source = read("deploy/model/entrypoint/refusal.py");
    let known: BTreeSet<String> = source
        .lines()
        .filter_map(|line| line.split_once(" = "))
        .filter(|(name, _)| {
            name.chars()
                .all(|letter| letter.is_ascii_uppercase() || letter == '_')
        })
        .map(|(_, code)| code.to_owned())
        .collect();
    assert!(known.len() >= 7, "{known:?}");
    assert!(known.is_subset(&documented), "{known:?} {documented:?}");
}

#[test]
fn prometheus_asks_where_the_service_listens() {
    let compose = read("docker-compose.yml");
    let api = service(&compose, "api");
    let (_, address) = api
        .split_once("UNDERSTUDY_METRICS_LISTEN: 0.0.0.0:")
        .expect("an address");
    let port = address.lines().next().unwrap_or_default();
    let scraped = read("deploy/prometheus/prometheus.yml");
    assert!(
        scraped.contains(&format!("        port: {port}\n")),
        "{port}"
    );
    assert!(scraped.contains("names: [api]"), "{scraped}");
    // All that is mounted there is there.
    let (_, rules) = scraped
        .split_once("rule_files: [/etc/prometheus/")
        .expect("rules");
    read(&format!(
        "deploy/prometheus/{}",
        rules.split(']').next().unwrap_or_default()
    ));
    for line in compose
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- ./"))
    {
        let path = line.split(':').next().unwrap_or_default();
        assert!(file("..").join(path).exists(), "{path}");
    }
}

#[test]
fn alerts_hold_whatever_labels_a_scrape_adds() {
    let alerts = read("deploy/prometheus/alerts.yml");
    for line in alerts
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
    {
        // Arithmetic between two sides keeps the labels that they are matched by, and finds nothing in its next step.
        for operator in ["* on", "/ on", "+ on", "- on"] {
            assert!(!line.contains(operator), "a filter is `and on (…)`: {line}");
        }
    }
    let (_, files) = alerts
        .split_once("alert: UnderstudyOutOfFiles\n")
        .expect("the alert");
    // `>` binds closer than `and`: hence the brackets.
    assert!(files.contains(
        "expr: (process_open_fds / process_max_fds and on (instance, job) understudy_build_info) > 0.8\n"
    ));
}

#[test]
fn balancer_gives_up_roots_rights_where_it_is_told_to() {
    let balancer = read("deploy/haproxy/haproxy.cfg");
    let (_, rest) = balancer
        .split_once(".if defined(UNDERSTUDY_HAPROXY_USER)\n")
        .expect("a condition");
    let (inner, _) = rest.split_once(".endif").expect("its end");
    let words: Vec<&str> = inner
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(words, ["user", "group", "chroot"]);
    let operations = read("docs/OPERATIONS.md");
    assert!(operations.contains("`UNDERSTUDY_HAPROXY_USER=haproxy`"));
    // The page says how large a request may be that is sent again.
    let (_, size) = balancer.split_once("\n    tune.bufsize ").expect("a size");
    let size: u32 = size
        .lines()
        .next()
        .unwrap_or_default()
        .parse()
        .expect("bytes");
    let said = format!("`tune.bufsize`, {} KiB", size / 1024);
    assert!(operations.contains(&said), "{said}");
}

#[test]
fn pages_are_guarded_alike_by_nginx_and_by_the_service() {
    let source = read("api/src/server/web_root.rs").replace("\\\n", "");
    // As a string of Rust goes on in its next line: without the indentation.
    let source = source.split_whitespace().collect::<Vec<&str>>().join(" ");
    let mut headers = 0;
    for line in read("deploy/web/page.conf")
        .lines()
        .filter_map(|line| line.strip_prefix("add_header "))
    {
        let (name, value) = line.split_once(' ').expect("a value");
        let value = value
            .trim_end_matches(';')
            .trim_end_matches(" always")
            .trim_matches('"');
        // Of every answer of the service, not of its pages alone; and what depends on the file.
        if value == "nosniff" || value.starts_with('$') {
            continue;
        }
        assert!(source.contains(&format!("\"{value}\"")), "{name}: {value}");
        headers += 1;
    }
    assert!(headers >= 5, "{headers}");
}
