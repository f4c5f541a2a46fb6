//! The smoke tests of the examples' READMEs, run against images: every service in a container, in
//! one network.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::applications::{Application, Probe, Service};
use crate::build::Image;
use crate::engine;

/// How long a service may take until it answers.
const PATIENCE: Duration = Duration::from_mins(1);

/// Starts all services, sends them all requests, and runs their own health checks.
pub fn test(application: &Application, images: &[Image]) -> Result<()> {
    let network = Network::new(application.name)?;
    let running: Vec<Running> = application
        .services
        .iter()
        .zip(images)
        .filter_map(|(service, image)| Some(Running::start(service, service.port?, image, &network)))
        .collect::<Result<_>>()?;
    for container in &running {
        container.wait()?;
    }
    for probe in application.probes {
        match *probe {
            Probe::Answers { service, request, body, status, contains } => {
                let container = find(&running, service)?;
                let (found, text) = container.ask(request, body)?;
                ensure!(
                    found == status && text.contains(contains),
                    "{service} answers {request:?} with {found} and not with {status} and {contains:?}:\n{text}"
                );
            }
            Probe::Prints { service, command, contains } => {
                let at = application.services.iter().position(|entry| entry.name == service);
                let image = &images[at.with_context(|| format!("no service {service}"))?].tag;
                let mut arguments = vec!["run", "--rm", image.as_str()];
                arguments.extend(command);
                let text = engine::docker(&arguments)?;
                ensure!(text.contains(contains), "{command:?} does not print {contains:?}:\n{text}");
            }
            Probe::Logs { service, contains } => {
                let at = application.services.iter().position(|entry| entry.name == service);
                let image = &images[at.with_context(|| format!("no service {service}"))?];
                wait_for_log(&image.tag, contains)?;
            }
        }
    }
    running.iter().try_for_each(Running::check_health)
}

fn find<'a>(running: &'a [Running], service: &str) -> Result<&'a Running> {
    running
        .iter()
        .find(|container| container.service.name == service)
        .with_context(|| format!("no service {service}"))
}

/// A separate network, in which services find each other by name.
struct Network {
    name: String,
}

impl Network {
    fn new(application: &str) -> Result<Self> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("jettison-lab-{application}-{}-{number}", std::process::id());
        engine::docker(&["network", "create", &name])?;
        Ok(Self { name })
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        if let Err(error) = engine::docker(&["network", "rm", &self.name]) {
            eprintln!("{error:#}");
        }
    }
}

/// Starts a container, and waits until its log has a text.
fn wait_for_log(image: &str, contains: &str) -> Result<()> {
    let container = Container(engine::docker(&["run", "--detach", "--no-healthcheck", image])?);
    let start = Instant::now();
    loop {
        let logs = engine::docker(&["logs", &container.0])?;
        if logs.contains(contains) {
            return Ok(());
        }
        ensure!(start.elapsed() < PATIENCE, "the log has no {contains:?}:\n{logs}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// A container that is removed when it is dropped.
struct Container(String);

impl Drop for Container {
    fn drop(&mut self) {
        if let Err(error) = engine::docker(&["rm", "--force", "--volumes", &self.0]) {
            eprintln!("{error:#}");
        }
    }
}

/// A container of a service, which runs until it is dropped.
struct Running {
    service: &'static Service,
    port: u16,
    image: String,
    container: Container,
}

impl Running {
    fn start(service: &'static Service, port: u16, image: &Image, network: &Network) -> Result<Self> {
        let published = format!("127.0.0.1::{port}");
        // The engine does not run the health check, since this test does so itself.
        let mut arguments = vec!["run", "--detach", "--no-healthcheck", "--network", &network.name];
        arguments.extend(["--network-alias", service.name, "--publish", &published]);
        for variable in service.environment {
            arguments.extend(["--env", variable]);
        }
        arguments.push(&image.tag);
        let container = Container(engine::docker(&arguments)?);
        Ok(Self { service, port, image: image.tag.clone(), container })
    }

    /// Waits until the service answers any request.
    fn wait(&self) -> Result<()> {
        let start = Instant::now();
        while let Err(error) = self.ask("GET /healthz", "") {
            if start.elapsed() > PATIENCE {
                let logs = engine::docker(&["logs", "--tail", "20", &self.container.0])?;
                bail!("{} does not start to answer ({error:#}):\n{logs}", self.service.name);
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        Ok(())
    }

    /// Sends a request such as `GET /`; returns the status and everything after the first line of
    /// the answer.
    fn ask(&self, request: &str, body: &str) -> Result<(u16, String)> {
        let port = format!("{}/tcp", self.port);
        let address = engine::docker(&["port", &self.container.0, &port])?;
        let mut stream = TcpStream::connect(address.lines().next().context("no port is published")?)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        let kind =
            if body.starts_with('{') { "application/json" } else { "application/x-www-form-urlencoded" };
        write!(
            stream,
            "{request} HTTP/1.0\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        let (first, rest) = text.split_once("\r\n").context("no HTTP answer")?;
        let status = first.split(' ').nth(1).context("an HTTP answer without a status")?;
        Ok((status.parse()?, rest.to_owned()))
    }

    /// Runs the image's HEALTHCHECK, if it has one, in a second container that shares the network
    /// of the first, so that nothing depends on how this engine enters a running container.
    fn check_health(&self) -> Result<()> {
        let format = "{{json .Config.Healthcheck}}";
        let text = engine::docker(&["image", "inspect", "--format", format, &self.image])?;
        let check: Value = serde_json::from_str(&text)?;
        let words: Vec<&str> =
            check["Test"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let (program, rest) = match words[..] {
            ["CMD-SHELL", script] => ("/bin/sh", vec!["-c", script]),
            ["CMD", program, ref rest @ ..] => (program, rest.to_vec()),
            _ => return Ok(()),
        };
        let network = format!("container:{}", self.container.0);
        let mut arguments = vec!["run", "--rm", "--network", &network, "--entrypoint", program, &self.image];
        arguments.extend(rest);
        engine::docker(&arguments).context("the image's health check fails")?;
        Ok(())
    }
}
