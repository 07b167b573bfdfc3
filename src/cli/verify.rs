//! `oversell verify`: re-checks the certificates of a file.

use super::args::{CheckArgs, Format, VerifyArgs};
use super::files;
use super::progress::Watch;
use super::terminal::{say, show};
use super::{Done, Exit, Failure};
use crate::check::{
    Certificate, CertificateError, Explored, Finding, Instance, Parametric, Property, Verdict, certify, verify,
};
use crate::programs;
use crate::scenario::Scenario;
use crate::trace::title;
use std::fmt::{Display, Write};
use std::fs;

/// Re-checks every certificate of the file.
pub fn verify_file(args: &VerifyArgs) -> Done {
    let file = args.file.display();
    let wrong = |error: &dyn Display| Failure::new(format!("{file}: {error}"));
    let unreadable = |error: &dyn Display| Failure::new(format!("cannot read {file}: {error}"));
    let content = files::read(&args.file).map_err(|error| unreadable(&error))?;
    let text = String::from_utf8(content).map_err(|error| unreadable(&error))?;
    let mut exit = Exit::Holds;
    for certificate in Certificate::read(&text).map_err(|error| wrong(&error))? {
        let program = programs::named(&certificate.program).map_err(|error| wrong(&error))?;
        let scenario = program.scenario(certificate.tickets.unwrap_or(program.tickets));
        let (mark, what) = match verify(&scenario, &certificate) {
            Ok(steps) => ('✓', format!("{} states, {steps} steps, k = {}", certificate.states.len(), certificate.k)),
            Err(CertificateError::Unreadable(what)) => return Err(wrong(&what)),
            Err(CertificateError::DoesNotHold(what)) => ('✗', what),
        };
        if mark == '✗' {
            exit = Exit::Fails;
        }
        let property = certificate.property(&scenario).map_err(|error| wrong(&error))?;
        let instance = certificate.instance(&scenario).map_err(|error| wrong(&error))?;
        let proof = Verdict::settled(property, None, Explored::default());
        show(&format!("{mark} {}: {property} {}: {what}\n", title(&scenario, &instance), proof.name()))?;
    }
    Ok(exit)
}

/// Writes the certificates of what is proved, and says of which it could not.
pub fn write(args: &CheckArgs, scenario: &Scenario, instance: &Instance, findings: &[Finding]) -> Result<(), Failure> {
    let Some(path) = &args.certificate else { return Ok(()) };
    let watch = Watch::start("making certificates");
    let limits = args.limits.limits(Parametric::default().limits, &watch);
    let is_proof = |finding: &&Finding| matches!(finding.verdict, Verdict::Proved(_) | Verdict::Impossible(_));
    let proved: Vec<Property> = findings.iter().filter(is_proof).map(|finding| finding.property).collect();
    let (mut certificates, mut without) = (Vec::new(), String::new());
    for property in proved {
        match certify(scenario, instance, property, &limits) {
            Ok(certificate) => certificates.push(certificate),
            // Writing to a string cannot fail.
            Err(reason) => drop(writeln!(without, "no certificate of {property}: {reason}")),
        }
    }
    drop(watch);
    let written = match certificates.len() {
        0 => format!("nothing was written to {}: there is no certificate of anything here\n", path.display()),
        number => {
            fs::write(path, Certificate::write(&certificates))
                .map_err(|error| Failure::new(format!("cannot write {}: {error}", path.display())))?;
            let file = path.display();
            format!(
                "{number} certificate{} in {file}; re-check: oversell verify {file}\n",
                if number == 1 { "" } else { "s" }
            )
        }
    };
    match args.format {
        Format::Text => show(&format!("\n{without}{written}")),
        // Standard output is JSON alone.
        Format::Json => {
            say(format!("{without}{written}").trim_end());
            Ok(())
        }
    }
}
