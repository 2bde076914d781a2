//! An API that throttles, answers nonsense, says nothing, or does what it is asked and loses the answer.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Mutex;

use crate::emulator::Objects;
use crate::kill::are_those_of_the_state;
use crate::proxy::{Fate, Proxy};
use crate::site::{Site, told};

/// One object of each way of being found again: by marker tag, by client token, by name.
const SMALL: &str = r#"
variable "retries" { default = 1 }
provider "aws" {
  region      = "eu-central-1"
  max_retries = var.retries
}
resource "aws_vpc" "this" { cidr_block = "10.9.0.0/16" }
resource "aws_subnet" "this" {
  vpc_id     = aws_vpc.this.id
  cidr_block = "10.9.1.0/24"
}
resource "aws_internet_gateway" "this" { vpc_id = aws_vpc.this.id }
resource "aws_route_table" "this" { vpc_id = aws_vpc.this.id }
resource "aws_route_table_association" "this" {
  subnet_id      = aws_subnet.this.id
  route_table_id = aws_route_table.this.id
}
resource "aws_security_group" "this" {
  name   = "small"
  vpc_id = aws_vpc.this.id
}
resource "aws_vpc_security_group_ingress_rule" "this" {
  security_group_id = aws_security_group.this.id
  cidr_ipv4         = "10.9.0.0/16"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}
resource "aws_eip" "this" { domain = "vpc" }
resource "aws_kms_key" "this" { deletion_window_in_days = 7 }
resource "aws_secretsmanager_secret" "this" {
  name                    = "small"
  recovery_window_in_days = 0
}
resource "aws_cloudwatch_log_group" "this" { name = "small" }
resource "aws_iam_role" "this" {
  name               = "small"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }] })
}
resource "aws_s3_bucket" "this" { bucket = "small-and-unique" }
resource "aws_route53_zone" "this" { name = "small.example.com" }
"#;

struct Small {
    site: Site,
    proxy: Proxy,
    before: Objects,
}

impl Small {
    fn start() -> Self {
        let site = Site::small(SMALL);
        let proxy = Proxy::start(site.sandbox().endpoint());
        let before = site.emulator().objects();
        Self { site, proxy, before }
    }

    /// Runs Weir with the proxy as its AWS.
    fn run(&self, arguments: &[&str]) -> (i32, String) {
        let mut command = self.site.command(arguments);
        let (code, text) = told(&command.env("AWS_ENDPOINT_URL", &self.proxy.url).output().unwrap());
        (code.unwrap(), text)
    }

    /// Ends with an error that says one of these.
    fn fails(&self, arguments: &[&str], parts: &[&str]) -> String {
        let (code, text) = self.run(arguments);
        assert_eq!(code, 1, "{arguments:?}: {text}");
        let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("Error: ") && parts.iter().any(|part| flat.contains(part)), "{arguments:?} says none of {parts:?}: {text}");
        text
    }

    /// The next run with a sound API makes what is missing, and nothing twice.
    fn is_made_good(&self) {
        self.proxy.decide(|_, _| Fate::Answered);
        let (code, text) = self.run(&["apply", "-auto-approve"]);
        assert_eq!(code, 0, "{text}");
        self.is_exact();
    }

    fn is_exact(&self) {
        assert_eq!(self.site.expect(0, &["state", "list"]).lines().count(), 14);
        are_those_of_the_state(&self.site, &self.before);
        self.site.expect(0, &["plan", "-detailed-exitcode"]);
    }

    fn is_untouched(&self) {
        for (kind, ids) in self.site.emulator().objects() {
            assert_eq!(ids, self.before[kind], "{kind}");
        }
    }
}

/// The call that a request makes, as far as it would change something.
fn change(head: &str, body: &str) -> Option<String> {
    let target =
        head.lines().find_map(|line| line.to_ascii_lowercase().starts_with("x-amz-target:").then(|| line.rsplit('.').next().unwrap_or_default().trim().to_owned()));
    let action = body.split('&').find_map(|pair| pair.strip_prefix("Action=")).map(str::to_owned);
    if let Some(name) = target.or(action) {
        return (!["Describe", "List", "Get"].iter().any(|prefix| name.starts_with(prefix))).then_some(name);
    }
    let line = head.lines().next().unwrap_or_default();
    (!line.starts_with("GET ") && !line.starts_with("HEAD ")).then(|| line.to_owned())
}

#[test]
fn an_api_that_throttles() {
    let small = Small::start();
    small.proxy.decide(|_, _| Fate::Throttled);
    let text = small.fails(&["apply", "-auto-approve"], &["limited the rate of requests"]);
    assert!(text.contains("aws_vpc.this") && text.contains("RequestLimitExceeded"), "{text}");
    small.is_untouched();
    // Two refusals of each call are waited for.
    let refused = Mutex::new(BTreeSet::new());
    small.proxy.decide(move |head, body| {
        let Some(name) = change(head, body) else { return Fate::Answered };
        let mut refused = refused.lock().unwrap();
        if refused.insert(format!("first {name}")) || refused.insert(format!("second {name}")) { Fate::Throttled } else { Fate::Answered }
    });
    let (code, text) = small.run(&["apply", "-auto-approve", "-var=retries=8"]);
    assert_eq!(code, 0, "{text}");
    small.is_exact();
    // Nor does it lose what it knows when it cannot read.
    let state = fs::read(small.site.file("terraform.tfstate")).unwrap();
    small.proxy.decide(|_, _| Fate::Throttled);
    small.fails(&["plan"], &["limited the rate of requests"]);
    small.fails(&["destroy", "-auto-approve"], &["limited the rate of requests"]);
    assert_eq!(fs::read(small.site.file("terraform.tfstate")).unwrap(), state);
    small.proxy.decide(|_, _| Fate::Answered);
    small.is_exact();
}

#[test]
fn an_api_that_answers_nonsense() {
    for status in [200, 502] {
        let small = Small::start();
        small.proxy.decide(move |_, _| Fate::Nonsense(status));
        small.fails(&["apply", "-auto-approve"], &["No usable answer came", "failed"]);
        small.is_untouched();
        // The first object is made, nothing after it. To those two an empty answer would do, so any page with status 200 is one.
        small.proxy.decide(move |head, body| match change(head, body).as_deref() {
            None | Some("CreateVpc" | "CreateLogGroup") => Fate::Answered,
            Some(call) if call.starts_with("PUT /small-and-unique") => Fate::Answered,
            Some(_) => Fate::Nonsense(status),
        });
        small.fails(&["apply", "-auto-approve"], &["No usable answer came", "failed"]);
        small.is_made_good();
        let state = fs::read(small.site.file("terraform.tfstate")).unwrap();
        small.proxy.decide(move |_, _| Fate::Nonsense(status));
        small.fails(&["plan"], &["No usable answer came", "failed"]);
        small.fails(&["destroy", "-auto-approve"], &["No usable answer came", "failed"]);
        assert_eq!(fs::read(small.site.file("terraform.tfstate")).unwrap(), state, "what cannot be read is not forgotten");
        small.is_made_good();
    }
}

/// Takes a minute, which is how long an answer is waited for.
#[test]
fn an_api_that_says_nothing() {
    let small = Small::start();
    small.proxy.decide(|head, body| if change(head, body).is_some() { Fate::Silence } else { Fate::Answered });
    small.fails(&["apply", "-auto-approve", "-var=retries=0"], &["No answer came", "No usable answer came"]);
    small.is_made_good();
}

/// The API did it, and nobody told: what was made is found, whether the call is sent again at once or only by the next run.
#[test]
fn an_api_whose_answers_are_lost() {
    for retries in ["0", "3"] {
        let small = Small::start();
        let lost = Mutex::new(BTreeSet::new());
        small.proxy.decide(move |head, body| match change(head, body) {
            Some(name) if lost.lock().unwrap().insert(name.clone()) => Fate::Lost,
            _ => Fate::Answered,
        });
        let mut runs = 0;
        loop {
            let (code, text) = small.run(&["apply", "-auto-approve", &format!("-var=retries={retries}")]);
            if code == 0 {
                break;
            }
            assert_eq!(code, 1, "{text}");
            assert!(text.contains("Error: "), "{text}");
            runs += 1;
            assert!(runs < 20, "{text}");
        }
        small.is_exact();
        assert_eq!(small.site.emulator().marked(&small.site.emulator().objects()), Vec::<String>::new());
    }
}
