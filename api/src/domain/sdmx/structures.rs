//! The structures that a query selects, and what they refer to.

use std::{
    collections::BTreeSet,
    sync::{Arc, LazyLock},
    time::Duration,
};

use entity::words::Disclosure;
use moka::future::Cache;

use super::{areas, both, categories, framed, frequencies, indicators, ownerships, statuses, tiers, whole};
use crate::{
    authz::Kind,
    ctx::Ctx,
    domain::tables::Fingerprint,
    error::{Error, Result},
    formats::{
        document::sha256,
        sdmx::{
            AGENCY, ANNUAL, CATEGORIES, CONCEPTS, Categorisation, Codelist, Constraint, Dataflow, Structures, TOTAL,
            VERSION, categorisation_of, constraint_of, indicators_of, structure_of,
        },
    },
    memory::{ReleaseHead, frame::Frame, registry::Registry},
};

/// The kinds of structures that are kept here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Artefact {
    /// The agency.
    Agency,
    /// A flow.
    Dataflow,
    /// Its structure.
    Structure,
    /// A list of codes.
    Codelist,
    /// The concepts.
    Concepts,
    /// What there is in a flow.
    Constraint,
    /// Tables by what their periods are.
    Categories,
    /// In which category a flow stands.
    Categorisation,
}

impl Artefact {
    /// By the word of an address; nothing for what is not kept here.
    pub fn of(word: &str) -> Option<&'static [Self]> {
        Some(match word {
            "dataflow" => &[Self::Dataflow],
            "datastructure" => &[Self::Structure],
            "codelist" => &[Self::Codelist],
            "conceptscheme" => &[Self::Concepts],
            "contentconstraint" => &[Self::Constraint],
            "agencyscheme" | "organisationscheme" => &[Self::Agency],
            "categoryscheme" => &[Self::Categories],
            "categorisation" => &[Self::Categorisation],
            "structure" => &[
                Self::Agency,
                Self::Dataflow,
                Self::Structure,
                Self::Codelist,
                Self::Concepts,
                Self::Constraint,
                Self::Categories,
                Self::Categorisation,
            ],
            _ => return None,
        })
    }
}

/// Which others come along.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum References {
    /// None.
    #[default]
    None,
    /// Those that use what was asked for.
    Parents,
    /// Those, and what they use.
    ParentsAndSiblings,
    /// What it uses.
    Children,
    /// What that uses, too.
    Descendants,
    /// All of them.
    All,
    /// Only those of one kind, of all of them.
    Only(Artefact),
}

impl References {
    /// By the word of an address.
    pub fn of(word: &str) -> Option<Self> {
        Some(match word {
            "none" | "" => Self::None,
            "parents" => Self::Parents,
            "parentsandsiblings" => Self::ParentsAndSiblings,
            "children" => Self::Children,
            "descendants" => Self::Descendants,
            "all" => Self::All,
            other => match Artefact::of(other)? {
                [one] => Self::Only(*one),
                _ => return None,
            },
        })
    }
}

/// What an address names.
#[derive(Clone, Debug)]
pub struct Named {
    /// The kinds.
    pub kinds: &'static [Artefact],
    /// `all`, or agencies parted by `+`.
    pub agency: String,
    /// `all`, or ids parted by `+`.
    pub id: String,
    /// `latest`, `all` or a version.
    pub version: String,
}

type Node = (Artefact, String);

/// Everything there is, by kind and id, in the order in which it is written.
fn nodes(registry: &Registry) -> Vec<Node> {
    let flows: Vec<&str> = registry.datasets.every().iter().map(|row| row.code.as_str()).collect();
    let fixed = ["CL_FREQ", "CL_AREA", "CL_OWNERSHIP", "CL_CATEGORY", "CL_TIER", "CL_OBS_STATUS"];
    let mut nodes = vec![(Artefact::Agency, "AGENCIES".to_owned()), (Artefact::Concepts, CONCEPTS.to_owned())];
    nodes.push((Artefact::Categories, CATEGORIES.to_owned()));
    nodes.extend(fixed.map(|id| (Artefact::Codelist, id.to_owned())));
    for flow in flows {
        nodes.push((Artefact::Dataflow, flow.to_owned()));
        nodes.push((Artefact::Structure, structure_of(flow)));
        nodes.push((Artefact::Codelist, indicators_of(flow)));
        nodes.push((Artefact::Constraint, constraint_of(flow)));
        nodes.push((Artefact::Categorisation, categorisation_of(flow)));
    }
    nodes
}

/// What uses what.
fn edges(registry: &Registry) -> Vec<(Node, Node)> {
    let mut edges = Vec::new();
    for row in registry.datasets.every() {
        let flow = row.code.as_str();
        let (data, structure) = ((Artefact::Dataflow, flow.to_owned()), (Artefact::Structure, structure_of(flow)));
        edges.push((data.clone(), structure.clone()));
        edges.push(((Artefact::Constraint, constraint_of(flow)), data.clone()));
        let categorisation = (Artefact::Categorisation, categorisation_of(flow));
        edges.push((categorisation.clone(), data));
        edges.push((categorisation, (Artefact::Categories, CATEGORIES.to_owned())));
        let lists =
            ["CL_FREQ", "CL_AREA", "CL_OWNERSHIP", "CL_CATEGORY", "CL_TIER", "CL_OBS_STATUS"].map(str::to_owned);
        for list in lists.into_iter().chain([indicators_of(flow)]) {
            edges.push((structure.clone(), (Artefact::Codelist, list)));
        }
        edges.push((structure, (Artefact::Concepts, CONCEPTS.to_owned())));
    }
    edges
}

fn below(edges: &[(Node, Node)], of: &BTreeSet<Node>) -> BTreeSet<Node> {
    edges.iter().filter(|(from, _)| of.contains(from)).map(|(_, to)| to.clone()).collect()
}

fn above(edges: &[(Node, Node)], of: &BTreeSet<Node>) -> BTreeSet<Node> {
    edges.iter().filter(|(_, to)| of.contains(to)).map(|(from, _)| from.clone()).collect()
}

/// What comes along, again and again until nothing is new.
fn closure(start: &BTreeSet<Node>, step: impl Fn(&BTreeSet<Node>) -> BTreeSet<Node>) -> BTreeSet<Node> {
    let mut all = start.clone();
    loop {
        let before = all.len();
        let more = step(&all);
        all.extend(more);
        if all.len() == before {
            return all;
        }
    }
}

/// What an address selects of everything.
fn selected(registry: &Registry, named: &Named, references: References) -> BTreeSet<Node> {
    let among = |list: &str, one: &str| list == "all" || list.split('+').any(|word| word == one);
    let is_version = ["latest", "all", VERSION, "*"].contains(&named.version.as_str());
    let is_ours =
        |kind: Artefact| among(&named.agency, AGENCY) || (kind == Artefact::Agency && among(&named.agency, "SDMX"));
    let asked: BTreeSet<Node> = nodes(registry)
        .into_iter()
        .filter(|(kind, id)| is_version && named.kinds.contains(kind) && is_ours(*kind) && among(&named.id, id))
        .collect();
    let edges = edges(registry);
    let descendants = |of: &BTreeSet<Node>| closure(of, |all| below(&edges, all));
    let ancestors = |of: &BTreeSet<Node>| closure(of, |all| above(&edges, all));
    let everything = |of: &BTreeSet<Node>| -> BTreeSet<Node> {
        let up = ancestors(of);
        // The agency is nobody's part and everybody's.
        let down = descendants(&up);
        if down.is_empty() {
            down
        } else {
            down.into_iter().chain([(Artefact::Agency, "AGENCIES".to_owned())]).collect()
        }
    };
    match references {
        References::None => asked,
        References::Parents => asked.iter().cloned().chain(above(&edges, &asked)).collect(),
        References::ParentsAndSiblings => {
            let parents = above(&edges, &asked);
            let siblings = below(&edges, &parents);
            asked.into_iter().chain(parents).chain(siblings).collect()
        }
        References::Children => asked.iter().cloned().chain(below(&edges, &asked)).collect(),
        References::Descendants => descendants(&asked),
        References::All => everything(&asked),
        References::Only(kind) => {
            let others = everything(&asked).into_iter().filter(|(other, _)| *other == kind);
            asked.iter().cloned().chain(others).collect()
        }
    }
}

/// The structures that an address selects, with their tag and the instant of what they are taken from.
///
/// # Errors
/// 404 where there are none.
pub async fn select(ctx: &Ctx, named: &Named, references: References) -> Result<(Structures, Fingerprint, String)> {
    let registry = ctx.memory.registry();
    let (release, frame) = framed(ctx).await?;
    let nodes = selected(&registry, named, references);
    let of = |kind: Artefact| nodes.iter().filter(move |(other, _)| *other == kind).map(|(_, id)| id.as_str());
    let flow = |code: &str| {
        registry
            .datasets
            .get(code)
            .map(|row| Dataflow { id: code.to_owned(), name: both(&row.name, row.name_en.as_deref()) })
    };
    let flow_by = |named: fn(&str) -> String, id: &str| {
        registry
            .datasets
            .every()
            .iter()
            .find(|row| named(row.code.as_str()) == id)
            .and_then(|row| flow(row.code.as_str()))
    };
    let mut constraints = Vec::new();
    for id in of(Artefact::Constraint) {
        if let Some(flow) = flow_by(constraint_of, id) {
            constraints.push(constraint(&registry, release.as_ref(), &frame, flow).await);
        }
    }
    let list = |id: &str| -> Option<Codelist> {
        Some(match id {
            "CL_FREQ" => frequencies(),
            "CL_AREA" => areas(&registry, &frame),
            "CL_OWNERSHIP" => ownerships(),
            "CL_CATEGORY" => categories(),
            "CL_TIER" => tiers(),
            "CL_OBS_STATUS" => statuses(),
            other => indicators(&registry, &flow_by(indicators_of, other)?.id),
        })
    };
    let structures = Structures {
        has_agency: of(Artefact::Agency).next().is_some(),
        flows: of(Artefact::Dataflow).filter_map(flow).collect(),
        categories: of(Artefact::Categories).next().map(|_| super::period_kinds()).unwrap_or_default(),
        categorisations: of(Artefact::Categorisation)
            .filter_map(|id| {
                let flow = flow_by(categorisation_of, id)?;
                let kind = registry.datasets.get(&flow.id)?.period_kind;
                Some(Categorisation { flow, category: super::category_of(kind) })
            })
            .collect(),
        codelists: of(Artefact::Codelist).filter_map(list).collect(),
        has_concepts: of(Artefact::Concepts).next().is_some(),
        structures: of(Artefact::Structure).filter_map(|id| flow_by(structure_of, id)).collect(),
        constraints,
    };
    if structures.is_empty() {
        return Err(Error::NotFound(Kind::Catalogue));
    }
    let hash = sha256(format!("{} {structures:?}", env!("CARGO_PKG_VERSION")));
    let prepared = release.map_or_else(crate::db::now, |release| release.row.created_at);
    Ok((structures, Fingerprint { hash, is_public: true }, prepared.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)))
}

/// Constraints by what they are made of; a release never changes.
static CONSTRAINTS: LazyLock<Cache<String, Arc<Constraint>>> =
    LazyLock::new(|| Cache::builder().time_to_idle(Duration::from_secs(3_600)).max_capacity(1_000).build());

/// What there is in a flow, for everybody: found without looking at a figure.
async fn constraint(
    registry: &Registry,
    release: Option<&Arc<ReleaseHead>>,
    frame: &Frame,
    flow: Dataflow,
) -> Constraint {
    let made = || {
        let tables = release.into_iter().flat_map(|release| &release.tables);
        let periods: Vec<&str> =
            tables.filter(|head| head.dataset_code == *flow.id).map(|head| head.period_code.as_str()).collect();
        let lines: Vec<_> =
            registry.lines(&flow.id).filter(|row| frame.indicators.contains_key(row.code.as_str())).collect();
        // Schools have series of their own where a line is public.
        let has_schools = lines.iter().any(|row| {
            let is_public = |period: &&str| {
                frame.line(row.code.as_str(), period).is_some_and(|line| line.disclosure() == Disclosure::Public)
            };
            periods.iter().any(is_public)
        });
        let mut places = vec![whole(frame)];
        places.extend(frame.cities.iter().cloned());
        if has_schools {
            places.extend(frame.schools.iter().map(|school| school.code.clone()));
        }
        let totals = |words: BTreeSet<&'static str>| -> Vec<String> {
            std::iter::once(TOTAL).chain(words).map(str::to_owned).collect()
        };
        let values = if periods.is_empty() {
            Vec::new()
        } else {
            vec![
                ("FREQ", vec![ANNUAL.to_owned()]),
                ("REF_AREA", places),
                ("INDICATOR", lines.iter().map(|row| super::short(&flow.id, row.code.as_str())).collect()),
                (
                    "OWNERSHIP",
                    totals(frame.schools.iter().filter_map(|one| one.ownership()).map(|word| word.word()).collect()),
                ),
                (
                    "CATEGORY",
                    totals(frame.schools.iter().filter_map(|one| one.category()).map(|word| word.word()).collect()),
                ),
                ("TIER", totals(frame.schools.iter().filter_map(|one| one.tier()).map(|word| word.word()).collect())),
            ]
        };
        let year = |period: &&str| period.get(..4).map(str::to_owned);
        let bounds = periods.first().and_then(year).zip(periods.last().and_then(year));
        Constraint { flow: flow.clone(), values, periods: bounds }
    };
    let Some(release) = release else { return made() };
    let lines: String = registry.lines(&flow.id).map(|row| format!(" {}", row.code)).collect();
    let key = format!("{} {} {} {:?} {lines}", release.row.version, release.row.registry_hash, flow.id, flow.name);
    Constraint::clone(&*CONSTRAINTS.get_with(key, async { Arc::new(made()) }).await)
}
