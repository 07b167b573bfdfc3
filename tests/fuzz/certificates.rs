//! Certificates: a garbled one is refused, or what it says is so.

use crate::{Tally, changes, fuzz, is_worthwhile};
use oversell::check::{
    Certificate, Counting, Engine, Instance, Limits, Parametric, Property, Threads, Verdict, certify, verify,
};
use oversell::programs;
use oversell::scenario::Scenario;
use proptest::prelude::*;

const TOKENS: &[&str] =
    &["0", "1", "2", ",", ":", "-", " ", "\"", "[", "]", "null", "any", "no-", "oversell", "torn-read", "\"k\": 1,"];

/// A program, and the file of its proofs: the smallest, so that a change has something to hit.
fn proofs(program: &str, threads: Option<usize>, properties: &[&str]) -> (Scenario, String) {
    let scenario = programs::named(program).unwrap().scenario(1);
    let instance = threads.map_or(Instance::any(&scenario), |threads| Instance::of(&scenario, threads));
    let certificates = properties.iter().map(|property| {
        let property = Property::named(&scenario, property).unwrap();
        certify(&scenario, &instance, property, &Limits::default()).unwrap()
    });
    let file = Certificate::write(&certificates.collect::<Vec<_>>());
    (scenario, file)
}

/// Whether an engine proves what a certificate says.
fn is_so(scenario: &Scenario, certificate: &Certificate) -> bool {
    let (property, instance) = (certificate.property(scenario).unwrap(), certificate.instance(scenario).unwrap());
    let engine: &dyn Engine =
        if instance.threads.contains(&Threads::Any) { &Parametric::default() } else { &Counting::default() };
    let findings = engine.check(scenario, &instance, &[property]).unwrap();
    matches!(findings[0].verdict, Verdict::Proved(_) | Verdict::Impossible(_))
}

fn garbled(seed: u8, cases: u32) -> Tally {
    let files = [
        proofs("repaired", Some(2), &["no-oversell", "no-torn-read"]),
        proofs("purchase-locked", None, &["no-oversell"]),
        proofs("task-locked", Some(2), &["searches-overlap", "no-crash"]),
    ];
    let originals: Vec<_> = files.iter().map(|(_, file)| Certificate::read(file).unwrap()).collect();
    fuzz(seed, cases, &(0..files.len(), changes(TOKENS, 2)), |(which, changes)| {
        let (scenario, file) = &files[which];
        let mut text = file.clone().into_bytes();
        changes.iter().for_each(|change| change.make(&mut text));
        let Ok(text) = String::from_utf8(text) else { return Ok("no text") };
        let Ok(certificates) = Certificate::read(&text) else { return Ok("unreadable") };
        prop_assert_eq!(Certificate::read(&Certificate::write(&certificates)), Ok(certificates.clone()));
        if certificates == originals[which] {
            return Ok("the same");
        }
        let mut kind = "another, and refused";
        for certificate in certificates.iter().filter(|certificate| !originals[which].contains(certificate)) {
            if verify(scenario, certificate).is_ok() {
                prop_assert!(is_so(scenario, certificate), "{:?} verifies", certificate.property);
                kind = "another, and so";
            }
        }
        Ok(kind)
    })
}

#[test]
fn a_garbled_certificate_is_refused_or_so() {
    is_worthwhile(&garbled(1, 400), 10, &["unreadable", "another, and refused"]);
}

#[test]
#[ignore = "takes a minute"]
fn very_many_certificates() {
    for seed in 2..12 {
        is_worthwhile(&garbled(seed, 2_000), 10, &["unreadable", "another, and refused"]);
    }
}
