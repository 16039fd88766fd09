//! What the names and codes of a folder stand for, before any row is judged.
//!
//! A name counts as known although its line has a fault, so that one fault does not
//! make a hundred: the fault is named where it stands, and what refers to it says nothing.

use std::collections::{HashMap, HashSet};

use entity::{
    ids::{CityCode, ConsortiumCode, DatasetCode, EnterpriseCode, IndicatorCode, InstitutionCode, SchoolCode},
    words::PeriodKind,
};

use super::{
    Folder,
    catalogue::{Datasets, Indicators},
    faults::{Faults, Wrong},
    pledges::{Targets, document},
    registry::{Cities, Consortia, Enterprises, Institutions, Schools},
    row::{Form, Kind},
    sheet::{Line, Sheet},
};
use crate::formats::{decimal, document::sha256};

/// What comes of looking a name up.
pub(super) enum Look<T> {
    /// It stands for this.
    There(T),
    /// There is a line of this name, but a fault in it; or the file itself could not be read.
    Unsure,
    /// No line has this name.
    Nowhere,
}

/// What the names of a file stand for.
#[derive(Debug)]
pub(super) struct Index<T> {
    /// The files that were looked through, for a fault.
    pub(super) file: &'static str,
    entries: HashMap<String, Option<T>>,
    first: HashMap<String, (String, usize)>,
    is_whole: bool,
    meant: HashMap<String, String>,
}

impl<T: Clone> Index<T> {
    fn new(file: &'static str) -> Self {
        Self { file, entries: HashMap::new(), first: HashMap::new(), is_whole: true, meant: HashMap::new() }
    }

    /// Takes in the lines of a file: each under its name, with what it stands for.
    fn take(&mut self, sheet: &Sheet, name: &str, of: impl Fn(&Line, &str) -> Option<T>) {
        self.is_whole &= sheet.is_whole;
        for line in &sheet.lines {
            if let Some(text) = sheet.cell(line, name).filter(|text| !text.is_empty()) {
                self.entries.entry(text.to_owned()).or_insert_with(|| of(line, text));
                self.first.entry(text.to_owned()).or_insert_with(|| (sheet.file.clone(), line.number));
            }
        }
    }

    fn of(file: &'static str, sheet: &Sheet, name: &str, of: impl Fn(&Line, &str) -> Option<T>) -> Self {
        let mut index = Self::new(file);
        index.take(sheet, name, of);
        index
    }

    /// What the name stands for.
    pub(super) fn look(&self, name: &str) -> Look<T> {
        match self.entries.get(name) {
            Some(Some(found)) => Look::There(found.clone()),
            Some(None) => Look::Unsure,
            None if self.is_whole => Look::Nowhere,
            None => Look::Unsure,
        }
    }

    /// Whether some line has this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }

    /// The file and the line that have this name first.
    pub(super) fn first(&self, name: &str) -> Option<&(String, usize)> {
        self.first.get(name)
    }

    /// The official name that a printed one may be meant for.
    pub(super) fn meant(&self, name: &str) -> Option<&str> {
        self.meant.get(name).map(String::as_str).filter(|name| self.has(name))
    }
}

/// A body that a name can stand for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// A school of the list.
    School(SchoolCode),
    /// An enterprise.
    Enterprise(EnterpriseCode),
    /// Neither, and of this kind.
    Institution(InstitutionCode, String),
}

impl Body {
    /// For a fault: what it is.
    pub(super) fn kind(&self) -> &str {
        match self {
            Self::School(_) => "school",
            Self::Enterprise(_) => "enterprise",
            Self::Institution(_, kind) => kind,
        }
    }
}

/// A dataset, as far as others ask.
#[derive(Clone, Debug)]
pub(super) struct KnownDataset {
    /// Its code.
    pub(super) code: DatasetCode,
    /// What its periods are; nothing where the word is faulty.
    pub(super) period_kind: Option<PeriodKind>,
}

/// An indicator, as far as others ask.
#[derive(Clone, Debug)]
pub(super) struct KnownIndicator {
    /// Its code.
    pub(super) code: IndicatorCode,
    /// Its dataset.
    pub(super) dataset: String,
    /// Its decimals; nothing where they are faulty.
    pub(super) decimals: Option<i16>,
}

/// All names and codes of a folder.
#[derive(Debug)]
pub(super) struct Known {
    /// By code.
    pub(super) cities: Index<CityCode>,
    /// By code.
    pub(super) schools: Index<SchoolCode>,
    /// Schools, enterprises and institutions by official name.
    pub(super) bodies: Index<Body>,
    /// By official name.
    pub(super) consortia: Index<ConsortiumCode>,
    /// By code.
    pub(super) datasets: Index<KnownDataset>,
    /// By code.
    pub(super) indicators: Index<KnownIndicator>,
    /// `620000` and the like: the provinces of the cities.
    pub(super) provinces: Index<()>,
    /// The kinds of institutions, in alphabetical order.
    pub(super) institution_kinds: Vec<String>,
    /// Cities by official name.
    pub(super) city_named: HashMap<String, CityCode>,
    /// The city that the targets of a document name; nothing where they name several.
    pub(super) city_of: HashMap<String, Option<CityCode>>,
    /// Whether the files that cities are found by could be read as a whole.
    pub(super) is_certain_of_cities: bool,
    /// The sources and labels of targets; nothing where the file could not be read.
    pub(super) promised: Option<HashSet<(String, String)>>,
    /// What targets are judged by, by source and label.
    pub(super) expressions: HashMap<(String, String), String>,
}

/// The letter and the first eight hexadecimal digits of the SHA-256 of the official name: the same in every order of the file.
pub(super) fn code_of_name(letter: char, name: &str) -> String {
    let hash = sha256(name);
    format!("{letter}{}", hash.get(..8).unwrap_or(&hash).to_ascii_uppercase())
}

/// Faults every name that comes to the code of an earlier one.
pub(super) fn distinct_codes(sheet: &Sheet, letter: char, faults: &mut Faults) {
    let mut first: HashMap<String, (&str, usize)> = HashMap::new();
    for line in &sheet.lines {
        let Some(name) = sheet.cell(line, "name_zh").filter(|name| !name.is_empty()) else { continue };
        let code = code_of_name(letter, name);
        let (earlier, number) = *first.entry(code.clone()).or_insert((name, line.number));
        if earlier != name {
            faults.add(sheet.place(line, "name_zh"), &Wrong::SameCode(number), code, name);
        }
    }
}

/// A GB/T 2260 code below the province.
pub(super) const CITY_CODE: Form = Form {
    like: "620100",
    is: |code| code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()) && !code.ends_with("0000"),
};

/// The code of a school: its own, or the province's two digits and its number in the list.
pub(super) fn code_of_school(sheet: &Sheet, line: &Line) -> Option<SchoolCode> {
    let cell = |column| sheet.cell(line, column).filter(|cell| !cell.is_empty());
    if let Some(code) = cell("code") {
        return Some(SchoolCode::from(code));
    }
    let province = cell("city_code").filter(|code| (CITY_CODE.is)(code))?.get(..2)?;
    let number = decimal::parse(cell("seq")?, 0).ok().filter(|number| (1..=999).contains(number))?;
    Some(SchoolCode(format!("{province}{number:03}")))
}

impl Known {
    /// Looks through a folder.
    pub(super) fn of(folder: &Folder) -> Self {
        let sheet = |name| folder.sheet(name);
        let (schools, enterprises) = (sheet(Schools::FILE), sheet(Enterprises::FILE));
        let institutions = sheet(Institutions::FILE);

        let mut bodies = Index::new("schools.csv / enterprises.csv / external_institutions.csv");
        bodies.take(schools, "name_zh", |line, _| code_of_school(schools, line).map(Body::School));
        bodies.take(enterprises, "name_zh", |_, name| Some(Body::Enterprise(code_of_name('E', name).into())));
        bodies.take(institutions, "name_zh", |line, name| {
            let kind = institutions.cell(line, "kind")?.to_owned();
            Some(Body::Institution(code_of_name('X', name).into(), kind))
        });
        let mut consortia = Index::of("consortia.csv", sheet(Consortia::FILE), "name_zh", |_, name| {
            Some(ConsortiumCode(code_of_name('C', name)))
        });
        let aliases = folder.sheet(super::ties::Aliases::FILE);
        for line in &aliases.lines {
            let cell = |column| aliases.cell(line, column).unwrap_or_default().to_owned();
            for meant in [&mut bodies.meant, &mut consortia.meant] {
                meant.entry(cell("alias_zh")).or_insert_with(|| cell("canonical_zh"));
            }
        }

        let mut codes = Index::new("schools.csv");
        codes.is_whole = schools.is_whole;
        for line in &schools.lines {
            match code_of_school(schools, line) {
                Some(code) => {
                    codes.entries.insert(code.0.clone(), Some(code));
                }
                // It may be this one that is asked for.
                None => codes.is_whole = false,
            }
        }
        let cities: Index<CityCode> =
            Index::of("cities.csv", sheet(Cities::FILE), "code", |_, code| Some(CityCode::from(code)));
        let mut provinces = Index::new("cities.csv");
        provinces.is_whole = cities.is_whole;
        let prefixes = cities.entries.keys().filter_map(|code| code.get(..2));
        provinces.entries = prefixes.map(|prefix| (format!("{prefix}0000"), Some(()))).collect();

        let datasets = sheet(Datasets::FILE);
        let indicators = sheet(Indicators::FILE);
        let targets = sheet(Targets::FILE);
        let city_lines = sheet(Cities::FILE);
        let city_named: HashMap<String, CityCode> = city_lines
            .lines
            .iter()
            .filter_map(|line| {
                Some((city_lines.cell(line, "name_zh")?.to_owned(), CityCode::from(city_lines.cell(line, "code")?)))
            })
            .collect();
        let mut city_of: HashMap<String, Option<CityCode>> = HashMap::new();
        for line in &targets.lines {
            let cell = |column| targets.cell(line, column).unwrap_or_default();
            if cell("owner_type") != "city" {
                continue;
            }
            if let Some(code) = city_named.get(cell("owner_name_zh")) {
                let of = city_of.entry(document(cell("source")).to_owned()).or_insert_with(|| Some(code.clone()));
                if of.as_ref() != Some(code) {
                    *of = None;
                }
            }
        }
        let promised = targets.is_whole.then(|| {
            let cell = |line, column| targets.cell(line, column).unwrap_or_default().to_owned();
            targets.lines.iter().map(|line| (cell(line, "source"), cell(line, "label_zh"))).collect()
        });
        let mut institution_kinds: Vec<String> = institutions.words("kind").into_iter().map(str::to_owned).collect();
        institution_kinds.sort_unstable();
        Self {
            cities,
            schools: codes,
            bodies,
            consortia,
            datasets: Index::of("datasets.csv", datasets, "code", |line, code| {
                let period_kind = datasets.cell(line, "period_kind").and_then(PeriodKind::of);
                Some(KnownDataset { code: code.into(), period_kind })
            }),
            indicators: Index::of("indicators.csv", indicators, "code", |line, code| {
                let dataset = indicators.cell(line, "dataset").unwrap_or_default().to_owned();
                let decimals = indicators.cell(line, "decimals").and_then(|decimals| decimal::parse(decimals, 0).ok());
                let decimals = decimals.and_then(|decimals| i16::try_from(decimals).ok());
                Some(KnownIndicator { code: code.into(), dataset, decimals })
            }),
            provinces,
            institution_kinds,
            city_named,
            city_of,
            // A folder without targets is certain, too: nothing of it is missing.
            is_certain_of_cities: city_lines.is_whole && (targets.is_whole || targets.file.is_empty()),
            promised,
            expressions: HashMap::new(),
        }
    }
}
