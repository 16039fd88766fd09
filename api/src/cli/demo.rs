//! `zhiqiao demo`: everything on one machine, to try it.

use std::{
    fs::OpenOptions,
    io::{ErrorKind, Write},
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
};

use clap::Args as ClapArgs;

use super::{Failure, load::Steps, output};
use crate::{
    House,
    authn::secrets,
    authz::Actor,
    config::Config,
    db::Db,
    domain::demo,
    error::Error,
    house::{self, Listeners},
    telemetry,
};

/// Where the demo runs and keeps its data.
#[derive(Debug, ClapArgs)]
pub struct Args {
    /// The port on this machine; the demo never listens anywhere else.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Where the database and demo-credentials.json are kept.
    #[arg(long, value_name = "DIR", default_value = "./zhiqiao-data")]
    data_dir: PathBuf,
    /// Another folder of reference data than the Gansu 2023 one that is built in.
    #[arg(long, value_name = "DIR")]
    reference: Option<PathBuf>,
}

/// Runs the demo until it is told to stop.
pub async fn run(args: Args) -> Result<(), Failure> {
    let mut config = Config::for_demo(args.port, &args.data_dir)?;
    telemetry::init(&config.log);
    std::fs::create_dir_all(&args.data_dir)
        .map_err(|fault| Failure::Refused(format!("cannot make {}: {fault}", args.data_dir.display())))?;
    config.keys.encryption_key_file = Some(encryption_key(&args.data_dir)?);
    let listeners = bind(&mut config)?;
    let reference = match args.reference {
        Some(folder) => folder,
        None => built_in(&args.data_dir)?,
    };

    let db = Db::connect(&house::reach(&config)).await?;
    super::migrate::refuse_newer(&db).await?;
    house::migrate(&db).await?;
    let house = House::over(config, db).await?;
    let steps = Steps::new();
    let is_new = demo::fill(&house.ctx(Actor::system("demo")), &reference, &mut |step| steps.say(step)).await?;
    steps.done();
    let file = args.data_dir.join("demo-credentials.json");
    let credentials = serde_json::to_string_pretty(&demo::credentials()).map_err(Error::internal)?;
    std::fs::write(&file, credentials + "\n").map_err(Error::internal)?;

    let running = house::serve(&house, listeners, true)?;
    welcome(&house.config, &file.display().to_string(), is_new)?;
    Ok(running.wait().await?)
}

/// The file of the key that the private signing key is encrypted with; made at the first start, for its owner alone.
fn encryption_key(data_dir: &Path) -> Result<PathBuf, Failure> {
    let file = data_dir.join("encryption.key");
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(&file) {
        Ok(mut new) => {
            let key = secrets::encryption_key()?;
            new.write_all(format!("{}\n", key.expose()).as_bytes()).map_err(Error::internal)?;
        }
        Err(fault) if fault.kind() == ErrorKind::AlreadyExists => {}
        Err(fault) => return Err(Failure::Refused(format!("cannot make {}: {fault}", file.display()))),
    }
    Ok(file)
}

/// Takes the ports. The metrics' one is not worth failing for: if it is taken, any other will do.
fn bind(config: &mut Config) -> Result<Listeners, Failure> {
    let free = |address: SocketAddr| TcpListener::bind(address).is_ok();
    if let Some(address) = config.metrics.listen.filter(|address| !free(*address)) {
        config.metrics.listen = Some(SocketAddr::new(address.ip(), 0));
    }
    let listeners = Listeners::bind(config)?;
    // With `--port 0` the system chose one, and tokens name it.
    config.listen = listeners.service.local_addr().map_err(Error::internal)?;
    config.public_url = format!("http://{}", config.listen);
    let metrics = listeners.metrics.as_ref().map(TcpListener::local_addr).transpose().map_err(Error::internal)?;
    config.metrics.listen = metrics;
    Ok(listeners)
}

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../data/gansu-2023/", $name)))),*]
    };
}

/// The reference data that the binary carries: every file of the folder.
const CARRIED: &[(&str, &str)] = files![
    "cities.csv",
    "city_figures.csv",
    "claims.csv",
    "consortia.csv",
    "consortium_members.csv",
    "datasets.csv",
    "designations.csv",
    "enterprises.csv",
    "entity_aliases.csv",
    "external_institutions.csv",
    "indicators.csv",
    "observations.csv",
    "partnerships.csv",
    "policies.csv",
    "province_figures.csv",
    "province_tables.csv",
    "rules.csv",
    "school_figures.csv",
    "schools.csv",
    "target_expressions.csv",
    "targets.csv",
    "tasks.csv",
    "teacher_certification.csv",
];

/// Puts the reference data beside the database, so that the demo runs anywhere.
fn built_in(data_dir: &Path) -> Result<PathBuf, Error> {
    let folder = data_dir.join("gansu-2023");
    std::fs::create_dir_all(&folder).map_err(Error::internal)?;
    for (name, text) in CARRIED {
        std::fs::write(folder.join(name), text).map_err(Error::internal)?;
    }
    Ok(folder)
}

fn welcome(config: &Config, file: &str, is_new: bool) -> Result<(), Error> {
    let url = &config.public_url;
    let metrics = config.metrics.listen.map(|address| format!("http://{address}/metrics")).unwrap_or_default();
    if is_new {
        output::line("demo accounts 演示账号:")?;
        for client in demo::credentials().clients {
            output::line(format!(
                "  {:10} {:8} {:26} {}",
                client.role,
                client.org.unwrap_or_default(),
                client.client_id,
                client.client_secret
            ))?;
        }
        for account in demo::credentials().accounts {
            output::line(format!(
                "  {:10} {:8} {:26} {}",
                account.role,
                account.org.unwrap_or_default(),
                account.username,
                account.password
            ))?;
        }
    }
    output::line(format!(
        r#"
zhiqiao demo: {url}
  credentials  {file}
  GraphQL      {url}/graphql
  REST         {url}/docs/
  metrics      {metrics}

A token for school 62001:
  curl -s {url}/oauth/token -u demo-school-62001:demo-school-62001-secret -d grant_type=client_credentials

Students by city, for everybody:
  curl -s {url}/graphql -H 'content-type: application/json' -d '{{"query":"{{ aggregate(input: {{indicators: [\"scale.students\"], period: \"2023\", groupBy: [CITY]}}) {{ release groups {{ city {{ name }} cells {{ schools value }} }} }} }}"}}'

Ctrl-C stops it; a second start reuses the data."#
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_reference_data_is_carried() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/gansu-2023");
        let mut there: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(".csv"))
            .collect();
        there.sort();
        let carried: Vec<&str> = CARRIED.iter().map(|(name, _)| *name).collect();
        assert_eq!(carried, there);
    }
}
