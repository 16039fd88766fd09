//! Data messages, series by series.

use std::sync::Arc;

use rust_decimal::Decimal;

use super::{
    AGENCY, ALL_DIMENSIONS, COMMON, Codelist, DIMENSIONS, GENERIC, MESSAGE, SPECIFIC, TIME, VERSION, XSI,
    json::{self, Json},
    structure_of,
    xml::Xml,
};
use crate::{
    error::Text,
    formats::{decimal, table::Fault},
};

/// The forms of a data message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataFormat {
    /// SDMX-ML 2.1, generic.
    Generic,
    /// SDMX-ML 2.1, structure-specific.
    Specific,
    /// SDMX-CSV 1.0.
    Csv,
    /// SDMX-JSON 1.0.
    Json,
}

impl DataFormat {
    /// The media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Generic => "application/vnd.sdmx.genericdata+xml;version=2.1",
            Self::Specific => "application/vnd.sdmx.structurespecificdata+xml;version=2.1",
            Self::Csv => "application/vnd.sdmx.data+csv;version=1.0.0",
            Self::Json => "application/vnd.sdmx.data+json;version=1.0.0",
        }
    }
}

/// How much of each series is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// All of it.
    Full,
    /// Values without attributes.
    DataOnly,
    /// Keys alone.
    KeysOnly,
    /// Keys and the attributes of the series.
    NoData,
}

impl Detail {
    pub(super) const fn has_attributes(self) -> bool {
        matches!(self, Self::Full | Self::NoData)
    }

    pub(super) const fn has_values(self) -> bool {
        matches!(self, Self::Full | Self::DataOnly)
    }
}

/// A figure of a series.
#[derive(Clone, Debug)]
pub struct Obs {
    /// When.
    pub period: Arc<str>,
    /// How much; nothing where it is missing or not told.
    pub value: Option<Decimal>,
    /// A code of `CL_OBS_STATUS`.
    pub status: &'static str,
}

/// The figures of one key.
#[derive(Clone, Debug)]
pub struct Series {
    /// The codes, in the order of the dimensions.
    pub key: [Arc<str>; 6],
    /// In which unit.
    pub unit: Option<Arc<str>>,
    /// With how many decimals figures of schools are given.
    pub decimals: i16,
    /// In the order of time.
    pub obs: Vec<Obs>,
}

/// What a message says before its series.
#[derive(Clone, Debug)]
pub struct DataHead {
    /// The flow.
    pub flow: String,
    /// What it is called.
    pub name: Text,
    /// The version of the release.
    pub release: String,
    /// When the release was made.
    pub prepared: String,
    /// How much of each series.
    pub detail: Detail,
    /// Whether observations stand alone, each with its whole key.
    pub is_flat: bool,
    /// The codes of each dimension, for JSON, which counts them.
    pub codelists: Vec<Codelist>,
    /// The units of its series, each once, likewise.
    pub units: Vec<Arc<str>>,
    /// Their decimals, each once, likewise.
    pub decimals: Vec<i16>,
    /// The codes of a status.
    pub statuses: Codelist,
    /// The periods, in order.
    pub periods: Vec<Arc<str>>,
}

/// A data message being written.
pub struct DataWriter {
    head: DataHead,
    form: Form,
}

enum Form {
    Generic(Xml),
    Specific(Xml),
    Csv,
    Json(Json),
}

impl std::fmt::Debug for DataWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DataWriter").field("flow", &self.head.flow).finish_non_exhaustive()
    }
}

/// The digits of a value.
fn digits(value: &Decimal) -> String {
    let mut out = String::new();
    decimal::write_exact(&mut out, value);
    out
}

impl DataHead {
    /// The id of the message, in which SDMX takes no dots.
    pub(super) fn id(&self) -> String {
        format!("{}-{}", self.flow, self.release).replace('.', "-")
    }

    /// By which dimension observations are laid out.
    const fn layout(&self) -> &'static str {
        if self.is_flat { ALL_DIMENSIONS } else { TIME }
    }
}

impl DataWriter {
    /// Begins a message.
    pub fn new(format: DataFormat, head: DataHead) -> Self {
        let form = match format {
            DataFormat::Generic => Form::Generic(Xml::new()),
            DataFormat::Specific => Form::Specific(Xml::new()),
            DataFormat::Csv => Form::Csv,
            DataFormat::Json => Form::Json(Json::new(&head)),
        };
        Self { head, form }
    }

    /// What stands before the series.
    ///
    /// # Errors
    /// Where a text is none that JSON can hold, which no text is.
    pub fn begin(&mut self) -> serde_json::Result<Vec<u8>> {
        let head = &self.head;
        Ok(match &mut self.form {
            Form::Generic(xml) => {
                xml.open("mes:GenericData", &[("xmlns:mes", MESSAGE), ("xmlns:com", COMMON), ("xmlns:gen", GENERIC)]);
                header(xml, head, None);
                xml.open("mes:DataSet", &[("structureRef", &structure_of(&head.flow)), ("action", "Information")]);
                if head.detail.has_attributes() {
                    xml.open("gen:Attributes", &[]);
                    xml.empty("gen:Value", &[("id", "RELEASE"), ("value", &head.release)]);
                    xml.close("gen:Attributes");
                }
                xml.take()
            }
            Form::Specific(xml) => {
                let id = structure_of(&head.flow);
                let space = format!(
                    "urn:sdmx:org.sdmx.infomodel.datastructure.DataStructure={AGENCY}:{id}({VERSION}):ObsLevelDim:{}",
                    head.layout()
                );
                let spaces = [
                    ("xmlns:mes", MESSAGE),
                    ("xmlns:com", COMMON),
                    ("xmlns:ss", SPECIFIC),
                    ("xmlns:xsi", XSI),
                    ("xmlns:ns1", &space),
                ];
                xml.open("mes:StructureSpecificData", &spaces);
                header(xml, head, Some(&space));
                let mut attributes = vec![
                    ("ss:dataScope", "DataStructure"),
                    ("xsi:type", "ns1:DataSetType"),
                    ("ss:structureRef", id.as_str()),
                    ("ss:action", "Information"),
                ];
                if head.detail.has_attributes() {
                    attributes.push(("RELEASE", &head.release));
                }
                xml.open("mes:DataSet", &attributes);
                xml.take()
            }
            Form::Csv => {
                let mut line = String::from("DATAFLOW");
                for column in
                    DIMENSIONS.iter().chain(&[TIME, "OBS_VALUE", "OBS_STATUS", "UNIT_MEASURE", "DECIMALS", "RELEASE"])
                {
                    line.push(',');
                    line.push_str(column);
                }
                line.push('\n');
                line.into_bytes()
            }
            Form::Json(_) => json::begin(head)?,
        })
    }

    /// Adds series.
    ///
    /// # Errors
    /// Where a text is none that the format can hold.
    pub fn write(&mut self, all: &[Series]) -> Result<Vec<u8>, Fault> {
        let head = &self.head;
        Ok(match &mut self.form {
            Form::Generic(xml) if head.is_flat => {
                all.iter().for_each(|series| generic_flat(xml, head.detail, series));
                xml.take()
            }
            Form::Specific(xml) if head.is_flat => {
                all.iter().for_each(|series| specific_flat(xml, head.detail, series));
                xml.take()
            }
            Form::Generic(xml) => {
                all.iter().for_each(|series| generic(xml, head.detail, series));
                xml.take()
            }
            Form::Specific(xml) => {
                all.iter().for_each(|series| specific(xml, head.detail, series));
                xml.take()
            }
            Form::Csv => csv(head, all)?,
            Form::Json(json) => {
                let mut out = String::new();
                all.iter().for_each(|series| json.write(&mut out, head, series));
                out.into_bytes()
            }
        })
    }

    /// What stands behind the series.
    pub fn finish(mut self) -> Vec<u8> {
        match &mut self.form {
            Form::Generic(xml) => {
                xml.close("mes:DataSet");
                xml.close("mes:GenericData");
                xml.take()
            }
            Form::Specific(xml) => {
                xml.close("mes:DataSet");
                xml.close("mes:StructureSpecificData");
                xml.take()
            }
            Form::Csv => Vec::new(),
            Form::Json(_) => json::END.to_vec(),
        }
    }
}

fn header(xml: &mut Xml, head: &DataHead, namespace: Option<&str>) {
    let id = structure_of(&head.flow);
    xml.open("mes:Header", &[]);
    xml.text("mes:ID", &[], &head.id());
    xml.text("mes:Test", &[], "false");
    xml.text("mes:Prepared", &[], &head.prepared);
    xml.empty("mes:Sender", &[("id", AGENCY)]);
    let mut attributes = vec![("structureID", id.as_str())];
    attributes.extend(namespace.map(|namespace| ("namespace", namespace)));
    attributes.push(("dimensionAtObservation", head.layout()));
    xml.open("mes:Structure", &attributes);
    xml.open("com:Structure", &[]);
    let of = [
        ("id", id.as_str()),
        ("version", VERSION),
        ("agencyID", AGENCY),
        ("package", "datastructure"),
        ("class", "DataStructure"),
    ];
    xml.empty("Ref", &of);
    xml.close("com:Structure");
    xml.close("mes:Structure");
    xml.close("mes:Header");
}

fn generic(xml: &mut Xml, detail: Detail, series: &Series) {
    xml.open("gen:Series", &[]);
    xml.open("gen:SeriesKey", &[]);
    for (dimension, code) in DIMENSIONS.iter().zip(&series.key) {
        xml.empty("gen:Value", &[("id", dimension), ("value", code)]);
    }
    xml.close("gen:SeriesKey");
    if detail.has_attributes() {
        xml.open("gen:Attributes", &[]);
        if let Some(unit) = &series.unit {
            xml.empty("gen:Value", &[("id", "UNIT_MEASURE"), ("value", unit)]);
        }
        xml.empty("gen:Value", &[("id", "DECIMALS"), ("value", &series.decimals.to_string())]);
        xml.close("gen:Attributes");
    }
    for obs in series.obs.iter().filter(|_| detail.has_values()) {
        xml.open("gen:Obs", &[]);
        xml.empty("gen:ObsDimension", &[("value", &obs.period)]);
        if let Some(value) = &obs.value {
            xml.empty("gen:ObsValue", &[("value", &digits(value))]);
        }
        if detail.has_attributes() {
            xml.open("gen:Attributes", &[]);
            xml.empty("gen:Value", &[("id", "OBS_STATUS"), ("value", obs.status)]);
            xml.close("gen:Attributes");
        }
        xml.close("gen:Obs");
    }
    xml.close("gen:Series");
}

fn specific(xml: &mut Xml, detail: Detail, series: &Series) {
    let decimals = series.decimals.to_string();
    let mut attributes: Vec<(&str, &str)> =
        DIMENSIONS.iter().zip(&series.key).map(|(dimension, code)| (*dimension, &**code)).collect();
    if detail.has_attributes() {
        attributes.extend(series.unit.as_deref().map(|unit| ("UNIT_MEASURE", unit)));
        attributes.push(("DECIMALS", &decimals));
    }
    xml.open("Series", &attributes);
    for obs in series.obs.iter().filter(|_| detail.has_values()) {
        let value = obs.value.as_ref().map(digits);
        let mut attributes = vec![(TIME, &*obs.period)];
        attributes.extend(value.as_deref().map(|value| ("OBS_VALUE", value)));
        if detail.has_attributes() {
            attributes.push(("OBS_STATUS", obs.status));
        }
        xml.empty("Obs", &attributes);
    }
    xml.close("Series");
}

/// Observations, each with its whole key.
fn generic_flat(xml: &mut Xml, detail: Detail, series: &Series) {
    for obs in &series.obs {
        xml.open("gen:Obs", &[]);
        xml.open("gen:ObsKey", &[]);
        for (dimension, code) in DIMENSIONS.iter().zip(&series.key).chain([(&TIME, &obs.period)]) {
            xml.empty("gen:Value", &[("id", dimension), ("value", code)]);
        }
        xml.close("gen:ObsKey");
        if let Some(value) = obs.value.as_ref().filter(|_| detail.has_values()) {
            xml.empty("gen:ObsValue", &[("value", &digits(value))]);
        }
        if detail.has_attributes() {
            xml.open("gen:Attributes", &[]);
            if let Some(unit) = &series.unit {
                xml.empty("gen:Value", &[("id", "UNIT_MEASURE"), ("value", unit)]);
            }
            xml.empty("gen:Value", &[("id", "DECIMALS"), ("value", &series.decimals.to_string())]);
            if detail.has_values() {
                xml.empty("gen:Value", &[("id", "OBS_STATUS"), ("value", obs.status)]);
            }
            xml.close("gen:Attributes");
        }
        xml.close("gen:Obs");
    }
}

/// Observations, each with its whole key.
fn specific_flat(xml: &mut Xml, detail: Detail, series: &Series) {
    let decimals = series.decimals.to_string();
    for obs in &series.obs {
        let value = obs.value.as_ref().filter(|_| detail.has_values()).map(digits);
        let key = DIMENSIONS.iter().zip(&series.key).chain([(&TIME, &obs.period)]);
        let mut attributes: Vec<(&str, &str)> = key.map(|(dimension, code)| (*dimension, &**code)).collect();
        attributes.extend(value.as_deref().map(|value| ("OBS_VALUE", value)));
        if detail.has_attributes() {
            attributes.extend(series.unit.as_deref().map(|unit| ("UNIT_MEASURE", unit)));
            attributes.push(("DECIMALS", &decimals));
            attributes.extend(detail.has_values().then_some(("OBS_STATUS", obs.status)));
        }
        xml.empty("Obs", &attributes);
    }
}

fn csv(head: &DataHead, all: &[Series]) -> Result<Vec<u8>, Fault> {
    let mut out = csv_writer();
    let flow = format!("{AGENCY}:{}({VERSION})", head.flow);
    let of_series = |has: bool, text: &str| if has { text.to_owned() } else { String::new() };
    for series in all {
        let none = [Obs { period: Arc::from(""), value: None, status: "" }];
        let obs = if head.detail.has_values() { series.obs.as_slice() } else { &none };
        let has = head.detail.has_attributes();
        for obs in obs {
            let mut row: Vec<String> = vec![flow.clone()];
            row.extend(series.key.iter().map(|code| code.to_string()));
            row.extend([obs.period.to_string(), obs.value.as_ref().map(digits).unwrap_or_default()]);
            row.push(of_series(has, obs.status));
            row.push(of_series(has, series.unit.as_deref().unwrap_or_default()));
            row.push(of_series(has, &series.decimals.to_string()));
            row.push(of_series(has, &head.release));
            out.write_record(&row)?;
        }
    }
    out.into_inner().map_err(|fault| Fault::File(fault.into_error()))
}

fn csv_writer() -> ::csv::Writer<Vec<u8>> {
    ::csv::WriterBuilder::new().from_writer(Vec::new())
}
