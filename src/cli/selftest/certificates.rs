//! Certificates, held against what is known of a program.

use crate::check::{Certificate, Instance, Limits, Property, Scope, certify, verify};
use crate::scenario::Scenario;

/// What is wrong with the certificates of an instance, if anything is. It may be known of a property whether it shows.
pub fn check(scenario: &Scenario, instance: &Instance, shows: impl Fn(Property) -> Option<bool>) -> Result<(), String> {
    let limits = Limits { max_states: 5_000, max_nodes: 300, ..Limits::default() };
    let (mut made, mut refused) = (Vec::new(), Vec::new());
    for property in Property::of(scenario) {
        match certify(scenario, instance, property, &limits) {
            Ok(_) if shows(property) == Some(true) => {
                return Err(format!("{property} has a certificate, and is not so"));
            }
            Ok(certificate) => made.push((property, certificate)),
            Err(why) if shows(property) == Some(false) && !instance.is_any() && is_plain(property) => {
                return Err(format!("{property} is so, and has no certificate: {why}"));
            }
            Err(_) => refused.push(property),
        }
    }
    let mut tried: Vec<&Certificate> = Vec::new();
    for (property, certificate) in &made {
        let written = Certificate::write(std::slice::from_ref(certificate));
        if Certificate::read(&written).as_ref().map(Vec::as_slice) != Ok(std::slice::from_ref(certificate)) {
            return Err(format!("the certificate of {property} reads back as another"));
        }
        verify(scenario, certificate).map_err(|error| format!("the certificate of {property}: {error}"))?;
        // Of those that differ in their property alone, one is enough.
        if tried.iter().any(|other| other.states == certificate.states && other.points == certificate.points) {
            continue;
        }
        tried.push(certificate);
        let mut less = certificate.clone();
        if less.states.pop_last().is_none() || verify(scenario, &less).is_ok() {
            return Err(format!("the certificate of {property} verifies with a state less"));
        }
        let mut more = certificate.clone();
        more.states.extend(certificate.states.first().cloned().map(|mut state| {
            state.kills = usize::MAX;
            state
        }));
        if verify(scenario, &more).is_ok() {
            return Err(format!("the certificate of {property} verifies with a state that nobody comes to"));
        }
        for wrong in &refused {
            let claims = Certificate { property: wrong.name().to_owned(), ..certificate.clone() };
            if verify(scenario, &claims).is_ok() {
                return Err(format!("a certificate of {property} verifies for {wrong}, which has none"));
            }
        }
    }
    Ok(())
}

/// Whether a property of so many threads has a certificate if it is so: it has if the states themselves show that, and not
/// what can still come of them.
fn is_plain(property: Property) -> bool {
    property.scope() != Scope::Futures && !matches!(property, Property::Own(own) if own.scope == Scope::Ends)
}
