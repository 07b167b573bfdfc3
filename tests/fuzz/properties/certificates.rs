//! Certificates: one that is not as it was written is refused, or what it says is so.

use oversell::check::{
    Certificate, Counting, Engine, Instance, Limits, Parametric, Property, Threads, Verdict, certify, verify,
};
use oversell::programs;
use oversell::scenario::Scenario;
use std::sync::LazyLock;

/// A program, and a file of its proofs.
pub struct Proofs {
    scenario: Scenario,
    /// The file.
    pub file: String,
    certificates: Vec<Certificate>,
}

/// The smallest there are, so that a change has something to hit.
pub static PROOFS: LazyLock<[Proofs; 3]> = LazyLock::new(|| {
    [
        proofs("repaired", Some(2), &["no-oversell", "no-torn-read"]),
        proofs("purchase-locked", None, &["no-oversell"]),
        proofs("task-locked", Some(2), &["searches-overlap", "no-crash"]),
    ]
});

fn proofs(program: &str, threads: Option<usize>, properties: &[&str]) -> Proofs {
    let scenario = programs::named(program).unwrap().scenario(1);
    let instance = threads.map_or(Instance::any(&scenario), |threads| Instance::of(&scenario, threads));
    let certificates = properties.iter().map(|property| {
        let property = Property::named(&scenario, property).unwrap();
        certify(&scenario, &instance, property, &Limits::default()).unwrap()
    });
    let certificates: Vec<_> = certificates.collect();
    let file = Certificate::write(&certificates);
    Proofs { scenario, file, certificates }
}

/// Whether an engine proves what a certificate says.
fn is_so(scenario: &Scenario, certificate: &Certificate) -> bool {
    let (property, instance) = (certificate.property(scenario).unwrap(), certificate.instance(scenario).unwrap());
    let engine: &dyn Engine =
        if instance.threads.contains(&Threads::Any) { &Parametric::default() } else { &Counting::default() };
    let findings = engine.check(scenario, &instance, &[property]).unwrap();
    matches!(findings[0].verdict, Verdict::Proved(_) | Verdict::Impossible(_))
}

/// It is no file of certificates, or each is refused or so.
pub fn certificate(proofs: &Proofs, text: &str) -> &'static str {
    let Proofs { scenario, certificates: originals, .. } = proofs;
    let Ok(certificates) = Certificate::read(text) else { return "unreadable" };
    assert_eq!(Certificate::read(&Certificate::write(&certificates)), Ok(certificates.clone()));
    if certificates == *originals {
        return "the same";
    }
    let mut kind = "another, and refused";
    for certificate in certificates.iter().filter(|certificate| !originals.contains(certificate)) {
        if verify(scenario, certificate).is_ok() {
            assert!(is_so(scenario, certificate), "{:?} verifies", certificate.property);
            kind = "another, and so";
        }
    }
    kind
}
