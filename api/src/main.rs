//! The command `zhiqiao`: parse, run, turn errors into exit codes.

use std::process::ExitCode;

use clap::Parser;
use zhiqiao::cli::Cli;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[actix_web::main]
async fn main() -> ExitCode {
    // Wrong usage ends here with 2 and a line that says what is right.
    let cli = Cli::parse();
    let verbose = cli.is_verbose();
    match cli.run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("zhiqiao: {}", failure.text(verbose));
            ExitCode::FAILURE
        }
    }
}
