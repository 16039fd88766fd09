//! The functions that everything leans on, each measured alone.
//!
//! `cargo bench --package zhiqiao --bench core`; `cargo xtask bench` runs it with the load run.

use std::{hint::black_box, path::Path, sync::Arc, time::Duration};

use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use entity::words::{self, Ownership, ReleaseKind};
use zhiqiao::{
    House,
    authn::{
        keys::KeySet,
        tokens::{Holder, Tokens},
    },
    authz::{Actor, Role},
    config::Config,
    ctx::Ctx,
    db::Db,
    domain::{
        aggregates,
        checks::{self, Form},
        clients::{self, Add, ClientSecret},
        cube::{self, Dimension, Filter, Grouping},
        keys, load, releases,
        synth::{self, Size},
    },
    formats::{
        columns::{self, Series},
        decimal,
        document::{self, Cells, Status},
        expression::{Facts, Verdict},
    },
    house,
    memory::{columns::Column, registry::Registry},
};

type Fault = Box<dyn std::error::Error + Send + Sync>;

/// As in the product.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SCHOOLS: u32 = 11_000;

/// What the private signing key is encrypted with.
const ENCRYPTION_KEY: &str = "YSBrZXkgZm9yIHRlc3RzLCBhbmQgbm8gb3RoZXIhISE=";

/// A released nation in a SQLite file of its own.
struct Nation {
    runtime: tokio::runtime::Runtime,
    house: Arc<House>,
    ctx: Ctx,
    token: String,
    _folder: tempfile::TempDir,
}

impl Nation {
    fn new() -> Result<Self, Fault> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let (house, ctx, token) = runtime.block_on(async {
            let file = folder.path().join("zhiqiao.toml");
            let url = format!("sqlite://{}?mode=rwc", folder.path().join("zhiqiao.db").display());
            std::fs::write(&file, format!("[database]\nurl = {url:?}\n[keys]\nencryption_key = {ENCRYPTION_KEY:?}\n"))?;
            let config = Config::load(Some(&file))?;
            let db = Db::connect(&house::reach(&config)).await?;
            house::migrate(&db).await?;
            let house = House::over(config, db).await?;
            let system = house.ctx(Actor::system("bench"));
            keys::rotate(&system).await?;
            let size = Size { schools: SCHOOLS, indicators: 150, years: 1, seed: 1 };
            synth::fill(&system, size, false, &mut |_, _| {}).await?;
            let province = system.as_(Actor::with(Role::Province, None, "job:bench", "bench"));
            let new = releases::New {
                period: None,
                kind: ReleaseKind::Major,
                publish_at: None,
                note: "Synthetic data of a benchmark".to_owned(),
            };
            releases::create(&province, new).await?;
            let add = Add {
                client_id: "bench".to_owned(),
                name: "Benchmark".to_owned(),
                role: words::Role::School,
                org: Some("900001".to_owned()),
                duty: words::Duty::All,
                secret: ClientSecret::Random,
            };
            let told = clients::add(&system, add).await?;
            let issued =
                Tokens::new(&house.config).issue(KeySet::new(&house.memory.keys()), &Holder::client(&told.row))?;
            let ctx = house.ctx(Actor::public());
            Ok::<_, Fault>((house, ctx, issued.token))
        })?;
        Ok(Self { runtime, house, ctx, token, _folder: folder })
    }
}

fn cells() -> Cells {
    (1..=150_i64)
        .map(|number| (format!("synthetic_1.i{number:03}"), document::Cell::reported(number * 7_919 % 30_000)))
        .collect()
}

fn formats(criterion: &mut Criterion) {
    criterion.bench_function("decimal: parse 25688", |bench| {
        bench.iter(|| decimal::parse(black_box("25688"), black_box(0)));
    });
    criterion.bench_function("decimal: parse 12345.67", |bench| {
        bench.iter(|| decimal::parse(black_box("12345.67"), black_box(2)));
    });
    criterion.bench_function("decimal: write 1234567 / 100", |bench| {
        bench.iter(|| decimal::digits(black_box(1_234_567), black_box(2)));
    });

    let cells = cells();
    let write = |cells: &Cells| document::canonical("900001", "synthetic_1", "2023", cells, |_| 0);
    criterion.bench_function("document: write 150 cells", |bench| bench.iter(|| write(black_box(&cells))));
    let written = write(&cells);
    criterion.bench_function("document: hash 150 cells", |bench| {
        bench.iter(|| document::sha256(black_box(&written)));
    });
    criterion.bench_function("document: read 150 cells", |bench| {
        bench.iter(|| document::read(black_box(&written), |_| 0));
    });

    let codes: Vec<String> = (1..=SCHOOLS).map(|number| format!("9{number:05}")).collect();
    let names: Vec<&str> = codes.iter().map(String::as_str).collect();
    let series: Vec<Series> = (1..=150_i64)
        .map(|number| Series {
            code: format!("synthetic_1.i{number:03}"),
            decimals: 0,
            cells: (0..i64::from(SCHOOLS))
                .map(|school| Some((Some((school * 7_919 + number) % 30_000), Status::Reported)))
                .collect(),
        })
        .collect();
    let Ok(file) = columns::write(&names, &series).and_then(|bytes| columns::File::open(Bytes::from(bytes))) else {
        return eprintln!("no columns");
    };
    eprintln!("150 columns of {SCHOOLS} schools: {} bytes", file.bytes().len());
    criterion.bench_function("columns: open a file of 150 columns, 11,000 schools", |bench| {
        bench.iter(|| columns::File::open(black_box(file.bytes().clone())));
    });
    criterion.bench_function("columns: read one of 11,000 schools", |bench| {
        bench.iter(|| file.series(black_box("synthetic_1.i077")));
    });
}

fn figures(criterion: &mut Criterion, nation: &Nation) -> Result<(), Fault> {
    let ctx = &nation.ctx;
    let release = releases::newest(ctx).ok_or("no release")?;
    let frame = nation.runtime.block_on(ctx.memory.frame_of(&release))?;
    let head = release.table("synthetic_1", "2023").ok_or("no table")?;
    let table = nation.runtime.block_on(ctx.memory.table(head, &frame))?;
    let code = "synthetic_1.i002";
    let line = frame.indicators.get(code).ok_or("no indicator")?;
    let column = table.column(code)?;
    let all = Filter::default();
    let public = Filter { ownership: Some(vec![Ownership::Public]), ..Filter::default() };

    criterion.bench_function("cube: group 11,000 schools by city", |bench| {
        bench.iter(|| Grouping::new(&frame, &[Dimension::City], black_box(&all), |_| true));
    });
    criterion.bench_function("cube: group the public ones by city", |bench| {
        bench.iter(|| Grouping::new(&frame, &[Dimension::City], black_box(&public), |_| true));
    });
    let by_city = Grouping::new(&frame, &[Dimension::City], &all, |_| true);
    column.ranked();
    criterion.bench_function("cube: all statistics of 11,000 schools in 344 cities", |bench| {
        bench.iter(|| cube::figures(black_box(&by_city), line, &column, None));
    });
    let whole = Grouping::new(&frame, &[], &all, |_| true);
    criterion.bench_function("cube: all statistics of 11,000 schools, the whole", |bench| {
        bench.iter(|| cube::figures(black_box(&whole), line, &column, None));
    });
    criterion.bench_function("cube: rank a column of 11,000 schools", |bench| {
        bench.iter_batched(
            || Column::new(column.cells.clone()),
            |column| column.ranked().len(),
            criterion::BatchSize::SmallInput,
        );
    });
    let ask = aggregates::Ask {
        indicators: vec![code.to_owned()],
        period: "2023".to_owned(),
        group_by: vec![Dimension::City],
        ..aggregates::Ask::default()
    };
    criterion.bench_function("aggregate: by city, warm, without GraphQL", |bench| {
        bench.iter(|| nation.runtime.block_on(aggregates::answer(ctx, black_box(&ask))));
    });
    let ask = aggregates::Ask { filter: public, ..ask };
    criterion.bench_function("aggregate: by city, public schools, without GraphQL", |bench| {
        bench.iter(|| nation.runtime.block_on(aggregates::answer(ctx, black_box(&ask))));
    });
    Ok(())
}

fn push_and_tokens(criterion: &mut Criterion, nation: &Nation) {
    let registry = nation.house.memory.registry();
    let cells = cells();
    let body: String =
        cells.iter().map(|(code, cell)| format!(",{code:?}:{}", cell.value.unwrap_or_default())).collect();
    let body = format!("{{\"observations\":{{{}}}}}", body.trim_start_matches(','));
    criterion.bench_function("push: read a body of 150 cells", |bench| {
        bench.iter(|| document::read_push(black_box(body.as_bytes())));
    });
    let given = document::read_push(body.as_bytes()).unwrap_or_default();
    let beside =
        checks::Beside(std::iter::once((("synthetic_1".to_owned(), true), std::sync::Arc::new(cells))).collect());
    criterion.bench_function("push: check a table of 150 cells", |bench| {
        bench.iter_batched(
            || given.clone(),
            |given| Form::new(&registry, "synthetic_1", "2023").check(given, black_box(&beside)),
            criterion::BatchSize::SmallInput,
        );
    });

    let tokens = Tokens::new(&nation.house.config);
    let memory = &nation.house.memory;
    let before = nation.house.db.statements();
    criterion.bench_function("token: verify one that was seen before", |bench| {
        bench.iter(|| nation.runtime.block_on(tokens.authenticate(memory, black_box(&nation.token))));
    });
    let asked = nation.house.db.statements().saturating_sub(before);
    eprintln!("statements sent to the database by all those verifications: {asked}");
    let keys = memory.keys();
    criterion.bench_function("token: verify a signature", |bench| {
        bench.iter(|| KeySet::new(&keys).open(black_box(&nation.token), &["at+jwt"]));
    });
}

/// Registry and catalogue of the reference data, with their rules.
async fn reference(folder: &Path) -> Result<Arc<House>, Fault> {
    let file = folder.join("zhiqiao.toml");
    let url = format!("sqlite://{}?mode=rwc", folder.join("zhiqiao.db").display());
    std::fs::write(&file, format!("[database]\nurl = {url:?}\n[keys]\nencryption_key = {ENCRYPTION_KEY:?}\n"))?;
    let config = Config::load(Some(&file))?;
    let db = Db::connect(&house::reach(&config)).await?;
    house::migrate(&db).await?;
    let house = House::over(config, db).await?;
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/gansu-2023");
    load::load(&house.ctx(Actor::system("bench")), &data, &mut |_| {}).await?;
    Ok(house)
}

/// A table with a figure in every line, within its bounds.
fn full(registry: &Registry, dataset: &str) -> Cells {
    registry
        .lines(dataset)
        .map(|line| {
            let value = line.minimum.unwrap_or(0).max(1_000).min(line.maximum.unwrap_or(i64::MAX));
            (line.code.0.clone(), document::Cell::reported(value))
        })
        .collect()
}

/// Rules, which were compiled when the registry was read: of the table that has most of them, and all there are.
fn rules(criterion: &mut Criterion) -> Result<(), Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let house = runtime.block_on(reference(folder.path()))?;
    let registry = house.memory.registry();
    let tables: Vec<(&str, Arc<Cells>)> = registry
        .datasets
        .all()
        .iter()
        .map(|dataset| (dataset.code.as_str(), Arc::new(full(&registry, dataset.code.as_str()))))
        .collect();
    let beside = checks::Beside(
        tables
            .iter()
            .flat_map(|(dataset, cells)| {
                [true, false].map(|is_previous| (((*dataset).to_owned(), is_previous), Arc::clone(cells)))
            })
            .collect(),
    );
    let count = |dataset: &str| registry.rules.of(dataset).count();
    let ask = |dataset: &str| {
        let facts = Facts::of(registry.rules.of(dataset).flat_map(|rule| rule.expression.inputs()), |input| {
            let value = beside.0.get(&(input.dataset.clone(), input.is_previous))?.get(&input.indicator)?.value?;
            Some(decimal::double(value, registry.decimals(&input.indicator)))
        });
        registry
            .rules
            .of(dataset)
            .map(|rule| rule.expression.judge(&facts))
            .filter(|one| *one == Verdict::Breaks)
            .count()
    };
    let (widest, cells) = tables.iter().max_by_key(|(dataset, _)| count(dataset)).ok_or("no table")?;
    criterion.bench_function(&format!("rules: the {} of {widest}, with their figures", count(widest)), |bench| {
        bench.iter(|| ask(black_box(widest)));
    });
    let all: usize = tables.iter().map(|(dataset, _)| count(dataset)).sum();
    criterion.bench_function(&format!("rules: all {all} of the reference data, with their figures"), |bench| {
        bench.iter(|| tables.iter().map(|(dataset, _)| ask(black_box(dataset))).sum::<usize>());
    });
    criterion.bench_function(
        &format!("push: judge a full table of {widest}: tree, rules, standards, history"),
        |bench| {
            bench.iter(|| Form::new(&registry, widest, "2023").judge(black_box(cells), &beside));
        },
    );
    Ok(())
}

fn all(criterion: &mut Criterion) {
    formats(criterion);
    if let Err(fault) = rules(criterion) {
        eprintln!("{fault}");
    }
    match Nation::new() {
        Ok(nation) => {
            if let Err(fault) = figures(criterion, &nation) {
                eprintln!("{fault}");
            }
            push_and_tokens(criterion, &nation);
        }
        Err(fault) => eprintln!("{fault}"),
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .sample_size(30);
    targets = all
}
criterion_main!(benches);
