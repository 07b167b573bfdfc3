//! The `oversell` command; see [`oversell::cli`].

fn main() -> std::process::ExitCode {
    oversell::cli::main()
}
