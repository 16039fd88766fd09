//! Aggregates: one question, answered from a release or, for officials, from what is not published yet.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, LazyLock},
    time::Duration,
};

use entity::words::{Disclosure, Partition};
use moka::future::Cache;

use super::{
    cube::{self, Dimension, Figures, Filter, GroupKey, Grouping},
    disclosure::{
        self, Question,
        writing::{self, Edition},
    },
    lineage,
    periods::Period,
    releases,
    submissions::{self, Unpublished},
};
use crate::{
    authz::{Action, Kind, Role},
    ctx::{Ctx, trail::EVERY_SCHOOL},
    error::{Error, Finding, Result, Text},
    formats::document,
    memory::{
        ReleaseHead,
        columns::Column,
        derived,
        disclosed::Disclosed,
        frame::{Frame, FrameIndicator},
    },
};

/// The most indicators of one question.
pub const MAX_INDICATORS: usize = 100;

/// A question.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    /// Which figures.
    pub indicators: Vec<String>,
    /// Of which period.
    pub period: String,
    /// In which groups; none for the province.
    pub group_by: Vec<Dimension>,
    /// Over which schools.
    pub filter: Filter,
    /// A version or range, `live`, `current`, or nothing for the newest release.
    pub release: Option<String>,
}

/// The answer: groups, and for each of them a cell for each indicator of the question.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The version it was answered from, `live` or `current`.
    pub release: String,
    grouping: Arc<Grouping>,
    /// The figures of each indicator, in the order of the question; of each group, in the order of the groups.
    /// What is kept is shared, not copied.
    figures: Vec<Arc<Vec<Figures>>>,
}

impl Answer {
    /// In the order of their keys.
    pub fn groups(&self) -> impl ExactSizeIterator<Item = Group<'_>> {
        self.grouping.keys.iter().enumerate().map(|(at, key)| Group { key, figures: &self.figures, at })
    }
}

/// One group of an answer.
#[derive(Clone, Copy)]
pub struct Group<'a> {
    /// What its schools have in common.
    pub key: &'a GroupKey,
    figures: &'a [Arc<Vec<Figures>>],
    at: usize,
}

impl<'a> Group<'a> {
    /// Its cells, in the order of the question's indicators.
    pub fn cells(self) -> impl Iterator<Item = &'a Figures> {
        self.figures.iter().filter_map(move |figures| figures.get(self.at))
    }
}

impl std::fmt::Debug for Group<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Group").field("key", &self.key).field("cells", &self.cells().collect::<Vec<_>>()).finish()
    }
}

/// Where the columns come from.
enum Origin {
    Release(Arc<ReleaseHead>),
    Unpublished(Unpublished),
}

impl Origin {
    const fn is_published(&self) -> bool {
        matches!(self, Self::Release(_))
    }

    /// Where the answer to a question comes from, its frame, and what it is called.
    async fn of(ctx: &Ctx, release: Option<&str>) -> Result<(Self, Arc<Frame>, String)> {
        Ok(match release {
            Some("live") => (Self::Unpublished(Unpublished::Live), ctx.memory.frame(), "live".to_owned()),
            Some("current") => (Self::Unpublished(Unpublished::Current), ctx.memory.frame(), "current".to_owned()),
            wanted => {
                let release = releases::resolve(ctx, wanted).await?;
                let frame = ctx.memory.frame_of(&release).await?;
                let name = release.row.version.0.clone();
                (Self::Release(release), frame, name)
            }
        })
    }
}

/// Answers a question about figures of schools.
///
/// # Errors
/// 422 with everything that is wrong with the question, 404 where there is no such release,
/// 403 for unpublished figures and for what would give a protected figure away.
pub async fn answer(ctx: &Ctx, ask: &Ask) -> Result<Answer> {
    let (from, frame, name) = Origin::of(ctx, ask.release.as_deref()).await?;
    let lines = check(&frame, ask)?;
    let (answer, refused) = counted(ctx, ask, from, &frame, name, &lines).await?;
    match refused.into_iter().flatten().next() {
        Some(why) => Err(Error::Forbidden(why)),
        None => Ok(answer),
    }
}

/// The answer to one line of a question, where a refusal of one is not a refusal of all.
#[derive(Clone, Debug)]
pub enum Told {
    /// The same figures as [`answer`] has, of each group in the order of the groups.
    Figures(Arc<Vec<Figures>>),
    /// [`answer`] would refuse it, for this reason.
    Refused(Text),
    /// The release, or the catalogue as it then stood, does not know the line.
    Unknown,
}

/// Answers a question line by line, exactly as [`answer`] answers each alone: the groups, and what is told of
/// each indicator in the order of the question.
///
/// # Errors
/// As [`answer`], but for what is refused of single lines and for lines that are not known.
pub async fn each(ctx: &Ctx, ask: &Ask) -> Result<(Vec<GroupKey>, Vec<Told>)> {
    let (from, frame, name) = Origin::of(ctx, ask.release.as_deref()).await?;
    let known: Vec<String> =
        ask.indicators.iter().filter(|code| frame.indicators.contains_key(*code)).cloned().collect();
    if known.is_empty() {
        return Ok((Vec::new(), vec![Told::Unknown; ask.indicators.len()]));
    }
    let ask_known = Ask { indicators: known, ..ask.clone() };
    let lines = check(&frame, &ask_known)?;
    let (answer, refused) = counted(ctx, &ask_known, from, &frame, name, &lines).await?;
    let mut told = answer.figures.into_iter().zip(refused).map(|(figures, refused)| match refused {
        Some(why) => Told::Refused(why),
        None => Told::Figures(figures),
    });
    let told = ask.indicators.iter().map(|code| {
        let is_known = frame.indicators.contains_key(code);
        if is_known { told.next().unwrap_or(Told::Unknown) } else { Told::Unknown }
    });
    Ok((answer.grouping.keys.clone(), told.collect()))
}

/// Whether [`answer`] would answer a question, without counting anything.
///
/// # Errors
/// Those of [`answer`].
pub async fn allowed(ctx: &Ctx, ask: &Ask) -> Result<()> {
    let (from, frame, _) = Origin::of(ctx, ask.release.as_deref()).await?;
    let lines = check(&frame, ask)?;
    let parted = Parted::of(ctx, ask, &from, &frame, &lines).await?;
    match parted.refused.into_iter().flatten().next() {
        Some(why) => Err(Error::Forbidden(why)),
        None => Ok(()),
    }
}

/// The schools of a question in their groups, and what decides about its lines.
struct Parted<'a> {
    grouping: Arc<Grouping>,
    /// Schools that did not stand in the period.
    absent: BTreeSet<usize>,
    /// What the release tells outsiders of protected lines, by dataset.
    told: HashMap<&'a str, Arc<Disclosed>>,
    /// Why a line is refused, line by line.
    refused: Vec<Option<Text>>,
}

impl<'a> Parted<'a> {
    async fn of(
        ctx: &Ctx,
        ask: &Ask,
        from: &Origin,
        frame: &Arc<Frame>,
        lines: &[(&'a str, &'a FrameIndicator)],
    ) -> Result<Self> {
        let is_published = from.is_published();
        if !is_published {
            ctx.require(Action::Read, Kind::LiveFigure)?;
        }
        // What is not published stays within the caller's own schools.
        let within =
            |school: &crate::memory::frame::FrameSchool| is_published || ctx.actor.covers(&school.code, &school.city);
        let group = || Arc::new(Grouping::new(frame, &ask.group_by, &ask.filter, within));
        let grouping = match from {
            Origin::Release(release) if ask.filter.is_empty() => {
                let key = (release.row.registry_hash.clone(), ask.group_by.clone());
                GROUPINGS.get_with(key, async { group() }).await
            }
            _ => group(),
        };
        let told = match from {
            Origin::Release(release) => told(ctx, release, frame, &ask.period, lines).await?,
            Origin::Unpublished(_) => HashMap::new(),
        };
        let absent = match Period::parse(&ask.period) {
            Some(period) if !frame.successions.is_empty() => {
                let (begins, ends) = period.days()?;
                lineage::absent(frame, begins, ends)
            }
            _ => BTreeSet::new(),
        };
        let mut parted = Self { grouping, absent, told, refused: Vec::new() };
        let refusal = |(code, line): &(&str, &FrameIndicator)| {
            if !is_published || line.disclosure() == Disclosure::Public {
                return Ok(None);
            }
            match disclosure::ask(&ctx.actor, frame, &parted.grouping, code, line, parted.question(ask, frame, line)) {
                Ok(()) => Ok(None),
                Err(Error::Forbidden(why)) => Ok(Some(why)),
                Err(fault) => Err(fault),
            }
        };
        parted.refused = lines.iter().map(refusal).collect::<Result<Vec<Option<Text>>>>()?;
        Ok(parted)
    }

    /// The question as the gate looks at it, for one line.
    fn question<'q>(&'q self, ask: &'q Ask, frame: &Frame, line: &FrameIndicator) -> Question<'q> {
        Question {
            absent: &self.absent,
            by: &ask.group_by,
            filter: &ask.filter,
            partition: self
                .told
                .get(line.dataset.as_str())
                .and_then(|told| Partition::of(&told.partition))
                .unwrap_or_else(|| frame.partition(&line.dataset)),
        }
    }
}

/// Counts the lines of a question, and says of each whether it is refused; nothing is counted of one that is.
async fn counted(
    ctx: &Ctx,
    ask: &Ask,
    from: Origin,
    frame: &Arc<Frame>,
    name: String,
    lines: &[(&str, &FrameIndicator)],
) -> Result<(Answer, Vec<Option<Text>>)> {
    let is_published = from.is_published();
    let parted = Parted::of(ctx, ask, &from, frame, lines).await?;
    let Parted { grouping, absent, told, refused } = &parted;
    let open: Vec<(&str, &FrameIndicator)> =
        lines.iter().zip(refused).filter(|(_, refused)| refused.is_none()).map(|(line, _)| *line).collect();

    if is_published && matches!(ctx.actor.role, Role::Province | Role::City) {
        // Officials are told of their own schools what the gate keeps from everybody else.
        for (_, line) in open.iter().filter(|(_, line)| line.disclosure() != Disclosure::Public) {
            ctx.saw(EVERY_SCHOOL, &line.dataset, &ask.period)?;
        }
    }
    // What outsiders are told of protected lines stands with the release: nothing is counted for it.
    let is_stored = |line: &FrameIndicator| is_published && line.disclosure() != Disclosure::Public;
    let has_own = is_published && disclosure::has_own(&ctx.actor, frame, grouping);
    let to_count: Vec<(&str, &FrameIndicator)> =
        open.iter().filter(|(_, line)| has_own || !is_stored(line)).copied().collect();
    let columns = columns(ctx, &from, frame, &ask.period, &to_count).await?;
    // Mostly nobody needs it: it is as long as the frame.
    let empty = LazyLock::new(|| Column::empty(frame.schools.len()));
    let mut all = Vec::with_capacity(lines.len());
    for ((code, line), refused) in lines.iter().zip(refused) {
        if refused.is_some() {
            all.push(Arc::default());
            continue;
        }
        let count = || {
            let column_of = |code: &str| columns.get(code).map_or_else(|| &*empty, Arc::as_ref);
            let column = column_of(code);
            let mut figures = cube::figures(grouping, line, column, line.weight.as_deref().map(column_of));
            // Who did not stand in the period, and has no figure in it, is not expected.
            for (figures, members) in figures.iter_mut().zip(&grouping.members).filter(|_| !absent.is_empty()) {
                let is_expected = |at: &&usize| !absent.contains(*at) || column.value(**at).is_some();
                figures.expected = Some(members.iter().filter(is_expected).count());
            }
            Arc::new(figures)
        };
        let figures = match &from {
            _ if is_stored(line) && !has_own => None,
            Origin::Release(release) if ask.filter.is_empty() => {
                Some(FIGURES.get_with(kept_as(release, frame, ask, code, line), async { count() }).await)
            }
            _ => Some(count()),
        };
        all.push(match figures {
            Some(figures) if !is_stored(line) => figures,
            figures => {
                let told = told.get(line.dataset.as_str()).and_then(|told| told.lines.get(*code));
                let figures = figures.as_deref().map(Vec::as_slice);
                let question = parted.question(ask, frame, line);
                Arc::new(disclosure::gate(&ctx.actor, frame, grouping, question, (*line, told), figures))
            }
        });
    }
    Ok((Answer { release: name, grouping: parted.grouping, figures: all }, parted.refused))
}

/// What the release tells outsiders of the protected lines of a question, by dataset.
async fn told<'a>(
    ctx: &Ctx,
    release: &ReleaseHead,
    frame: &Arc<Frame>,
    period: &str,
    lines: &[(&str, &'a FrameIndicator)],
) -> Result<HashMap<&'a str, Arc<Disclosed>>> {
    let mut told = HashMap::new();
    for (_, line) in lines.iter().filter(|(_, line)| line.disclosure() != Disclosure::Public) {
        let dataset = line.dataset.as_str();
        let Some(head) = release.table(dataset, period).filter(|_| !told.contains_key(dataset)) else { continue };
        let table = ctx.memory.table(head, frame).await?;
        let disclosed = table.disclosed(|| {
            let version = release.row.version.0.as_str().into();
            let edition = Edition { version, frame: Arc::clone(frame), table: Arc::clone(&table) };
            writing::fresh(&edition, dataset, period)
        })?;
        told.insert(dataset, disclosed);
    }
    Ok(told)
}

/// How long what nobody asks for is kept.
const IDLE: Duration = Duration::from_secs(600);

/// The hash of a frame, and by what its schools are parted.
type Parting = (String, Vec<Dimension>);

/// The schools of a release, parted without a filter. A release never changes, so this is never wrong:
/// it is kept by the hash of the frame.
static GROUPINGS: LazyLock<Cache<Parting, Arc<Grouping>>> =
    LazyLock::new(|| Cache::builder().time_to_idle(IDLE).max_capacity(64).build());

/// The most that [`FIGURES`] hold, as the number of cells; a cell takes about 200 bytes.
const CELLS: u64 = 500_000;

/// The figures of one indicator over those groups, before anything is taken out for the caller.
static FIGURES: LazyLock<Cache<String, Arc<Vec<Figures>>>> = LazyLock::new(|| {
    let weigh = |_: &String, figures: &Arc<Vec<Figures>>| u32::try_from(figures.len()).unwrap_or(u32::MAX);
    Cache::builder().time_to_idle(IDLE).weigher(weigh).max_capacity(CELLS).build()
});

/// By what figures are found again: everything that they are computed from, by its hash.
fn kept_as(release: &ReleaseHead, frame: &Frame, ask: &Ask, code: &str, line: &FrameIndicator) -> String {
    // By the weight, too: it may be another in another period.
    let mut key = format!("{code} {} {:?} {:?} {}", ask.period, line.weight, ask.group_by, frame.hash);
    let weight = line.weight.as_ref().and_then(|code| frame.indicators.get(code));
    for line in std::iter::once(line).chain(weight) {
        match release.table(&line.dataset, &ask.period) {
            Some(head) => key.extend([" ", head.public_hash.as_str(), " ", head.protected_hash.as_str()]),
            None => key.push_str(" -"),
        }
    }
    key
}

/// Everything that is wrong with a question, or the lines it asks for.
fn check<'a>(frame: &'a Frame, ask: &'a Ask) -> Result<Vec<(&'a str, &'a FrameIndicator)>> {
    let mut faults = Vec::new();
    if ask.indicators.is_empty() || ask.indicators.len() > MAX_INDICATORS {
        faults.push(
            Finding::error(
                "indicators",
                "/indicators",
                Text::new(
                    format!("每次查询 1 到 {MAX_INDICATORS} 个指标"),
                    format!("Ask for 1 to {MAX_INDICATORS} indicators at a time"),
                ),
            )
            .with(format!("1..={MAX_INDICATORS}"), ask.indicators.len().to_string()),
        );
    }
    let mut lines = Vec::new();
    for (at, code) in ask.indicators.iter().enumerate() {
        match frame.line(code, &ask.period) {
            Some(line) => lines.push((code.as_str(), line)),
            None => faults.push(
                Finding::error(
                    "unknown_indicator",
                    format!("/indicators/{at}"),
                    Text::new(format!("没有指标“{code}”"), format!("There is no indicator `{code}`")),
                )
                .with("<dataset>.<indicator>", code.as_str()),
            ),
        }
    }
    if Period::parse(&ask.period).is_none() {
        faults.push(
            Finding::error(
                "period_form",
                "/period",
                Text::new("统计期应如 2023 或 2022-2023", "A period is written like 2023 or 2022-2023"),
            )
            .with("2023", ask.period.as_str()),
        );
    }
    let mut dimensions = ask.group_by.clone();
    dimensions.sort_unstable();
    dimensions.dedup();
    if dimensions.len() != ask.group_by.len() {
        faults.push(Finding::error(
            "duplicate_dimension",
            "/groupBy",
            Text::new("分组维度重复", "A dimension is named twice"),
        ));
    }
    if faults.is_empty() { Ok(lines) } else { Err(Error::Invalid(faults)) }
}

/// The columns of the lines and of their weights.
async fn columns<'a>(
    ctx: &Ctx,
    from: &Origin,
    frame: &'a Arc<Frame>,
    period: &str,
    lines: &[(&'a str, &'a FrameIndicator)],
) -> Result<HashMap<&'a str, Arc<Column>>> {
    let mut wanted: HashMap<&str, Vec<&'a str>> = HashMap::new();
    for (code, line) in lines {
        wanted.entry(line.dataset.as_str()).or_default().push(*code);
        if let Some((weight, line)) = line.weight.as_ref().and_then(|code| frame.indicators.get_key_value(code)) {
            wanted.entry(line.dataset.as_str()).or_default().push(weight);
        }
    }
    let mut columns = HashMap::new();
    for (dataset, codes) in wanted {
        match from {
            Origin::Release(release) => {
                let Some(head) = release.table(dataset, period) else { continue };
                let table = ctx.memory.table(head, frame).await?;
                for code in codes {
                    columns.insert(code, table.column(code)?);
                }
            }
            Origin::Unpublished(_) if derived::is_derived(dataset) => {
                let days = Period::read(period, "/period")?.days()?;
                let schools = frame.schools.iter().map(|school| school.code.as_str());
                for series in derived::series(&ctx.memory.registry(), schools, days) {
                    let Some(code) = codes.iter().find(|code| **code == series.code) else { continue };
                    let cell = |(value, status): (Option<i64>, document::Status)| (value.unwrap_or(0), status);
                    let cells = series.cells.into_iter().map(|one| one.map(cell)).collect();
                    columns.insert(*code, Arc::new(Column::new(cells)));
                }
            }
            Origin::Unpublished(which) => {
                let documents = submissions::documents(ctx, ctx.db.read(), dataset, period, *which).await?;
                columns.extend(read(frame, &documents, &codes)?);
            }
        }
    }
    Ok(columns)
}

/// The columns of some indicators, read from documents that are not published.
fn read<'a>(
    frame: &Frame,
    documents: &[(entity::ids::SchoolCode, String)],
    codes: &[&'a str],
) -> Result<HashMap<&'a str, Arc<Column>>> {
    let mut cells: HashMap<&'a str, Vec<Option<(i64, document::Status)>>> =
        codes.iter().map(|code| (*code, vec![None; frame.schools.len()])).collect();
    for (school, text) in documents {
        let Some(at) = frame.position(school.as_str()) else { continue };
        let mut fault = None;
        document::visit(text, |code, stored| {
            let Some(slot) = cells.get_mut(code).and_then(|column| column.get_mut(at)) else { return };
            let decimals = frame.indicators.get(code).map_or(0, |line| line.decimals);
            match stored.cell(decimals) {
                Ok(cell) => *slot = Some((cell.value.unwrap_or(0), cell.status)),
                Err(unreadable) => fault = Some(unreadable),
            }
        })
        .map_err(Error::internal)?;
        if let Some(unreadable) = fault {
            return Err(Error::internal(unreadable));
        }
    }
    // A line that is asked for and also weighs another is among the codes twice, and here once.
    Ok(cells.into_iter().map(|(code, column)| (code, Arc::new(Column::new(column)))).collect())
}
