//! Structures: flows, data structures, code lists, concepts, constraints, and the agency.

use super::{
    AGENCY, CATEGORIES, COMMON, CONCEPTS, DIMENSIONS, MESSAGE, STRUCTURE, TIME, VERSION, categorisation_of,
    indicators_of, structure_of, xml::Xml,
};
use crate::error::Text;

/// A code of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// The code.
    pub id: String,
    /// What it is called; the English name may be missing.
    pub name: Text,
    /// The code above it.
    pub parent: Option<String>,
}

impl Code {
    /// A code without one above it.
    pub fn new(id: impl Into<String>, name: Text) -> Self {
        Self { id: id.into(), name, parent: None }
    }

    /// The same below another.
    #[must_use]
    pub fn below(mut self, parent: impl Into<String>) -> Self {
        self.parent = Some(parent.into());
        self
    }
}

/// A list of codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Codelist {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub name: Text,
    /// Its codes, those above before those below.
    pub codes: Vec<Code>,
}

/// A flow: a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataflow {
    /// Its id: the code of the table.
    pub id: String,
    /// What it is called.
    pub name: Text,
}

/// What there is in a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Constraint {
    /// The flow.
    pub flow: Dataflow,
    /// The codes of each dimension that have a series.
    pub values: Vec<(&'static str, Vec<String>)>,
    /// The first and the last period.
    pub periods: Option<(String, String)>,
}

/// In which category a flow stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Categorisation {
    /// The flow.
    pub flow: Dataflow,
    /// The id of the category.
    pub category: String,
}

/// What a message of structures holds.
#[derive(Clone, Debug, Default)]
pub struct Structures {
    /// Whether the agency is among them.
    pub has_agency: bool,
    /// Flows.
    pub flows: Vec<Dataflow>,
    /// The categories, where the scheme is among them.
    pub categories: Vec<Code>,
    /// In which of them flows stand.
    pub categorisations: Vec<Categorisation>,
    /// Code lists.
    pub codelists: Vec<Codelist>,
    /// Whether the concepts are among them.
    pub has_concepts: bool,
    /// The flows whose data structures are among them.
    pub structures: Vec<Dataflow>,
    /// Constraints.
    pub constraints: Vec<Constraint>,
}

impl Structures {
    /// Whether there is nothing in it.
    pub const fn is_empty(&self) -> bool {
        !self.has_agency
            && self.flows.is_empty()
            && self.categories.is_empty()
            && self.categorisations.is_empty()
            && self.codelists.is_empty()
            && !self.has_concepts
            && self.structures.is_empty()
            && self.constraints.is_empty()
    }
}

/// The list that a dimension or attribute takes its codes from; nothing for those that are no codes.
fn codelist(concept: &str, flow: &str) -> Option<String> {
    Some(match concept {
        "FREQ" => "CL_FREQ".to_owned(),
        "REF_AREA" => "CL_AREA".to_owned(),
        "INDICATOR" => indicators_of(flow),
        "OWNERSHIP" => "CL_OWNERSHIP".to_owned(),
        "CATEGORY" => "CL_CATEGORY".to_owned(),
        "TIER" => "CL_TIER".to_owned(),
        "OBS_STATUS" => "CL_OBS_STATUS".to_owned(),
        _ => return None,
    })
}

/// The concepts, with their names.
const ALL_CONCEPTS: [(&str, &str, &str); 12] = [
    ("FREQ", "频率", "Frequency"),
    ("REF_AREA", "地区或学校", "Reference area"),
    ("INDICATOR", "指标", "Indicator"),
    ("OWNERSHIP", "办学性质", "Ownership"),
    ("CATEGORY", "院校类别", "Category"),
    ("TIER", "办学层次", "Tier"),
    (TIME, "统计期", "Time period"),
    ("OBS_VALUE", "数值", "Observation value"),
    ("OBS_STATUS", "状态", "Observation status"),
    ("UNIT_MEASURE", "计量单位", "Unit of measure"),
    ("DECIMALS", "小数位数", "Decimals"),
    ("RELEASE", "发布版本", "Release"),
];

/// Writes a message of structures.
pub fn write(structures: &Structures, id: &str, prepared: &str) -> Vec<u8> {
    let mut xml = Xml::new();
    xml.open("mes:Structure", &[("xmlns:mes", MESSAGE), ("xmlns:str", STRUCTURE), ("xmlns:com", COMMON)]);
    xml.open("mes:Header", &[]);
    xml.text("mes:ID", &[], id);
    xml.text("mes:Test", &[], "false");
    xml.text("mes:Prepared", &[], prepared);
    xml.empty("mes:Sender", &[("id", AGENCY)]);
    xml.close("mes:Header");
    xml.open("mes:Structures", &[]);
    if structures.has_agency {
        agency(&mut xml);
    }
    all(&mut xml, "str:Dataflows", &structures.flows, flow);
    if !structures.categories.is_empty() {
        categories(&mut xml, &structures.categories);
    }
    all(&mut xml, "str:Categorisations", &structures.categorisations, categorisation);
    all(&mut xml, "str:Codelists", &structures.codelists, list);
    if structures.has_concepts {
        concepts(&mut xml);
    }
    all(&mut xml, "str:DataStructures", &structures.structures, structure);
    all(&mut xml, "str:Constraints", &structures.constraints, constraint);
    xml.close("mes:Structures");
    xml.close("mes:Structure");
    xml.take()
}

fn all<T>(xml: &mut Xml, name: &str, items: &[T], each: fn(&mut Xml, &T)) {
    if !items.is_empty() {
        xml.open(name, &[]);
        items.iter().for_each(|item| each(xml, item));
        xml.close(name);
    }
}

fn names(xml: &mut Xml, name: &Text) {
    xml.text("com:Name", &[("xml:lang", "zh")], &name.zh);
    if !name.en.is_empty() {
        xml.text("com:Name", &[("xml:lang", "en")], &name.en);
    }
}

fn maintained(xml: &mut Xml, element: &str, package: &str, class: &str, id: &str) {
    let urn = format!("urn:sdmx:org.sdmx.infomodel.{package}.{class}={AGENCY}:{id}({VERSION})");
    xml.open(element, &[("id", id), ("urn", &urn), ("agencyID", AGENCY), ("version", VERSION)]);
}

fn agency(xml: &mut Xml) {
    xml.open("str:OrganisationSchemes", &[]);
    let urn = "urn:sdmx:org.sdmx.infomodel.base.AgencyScheme=SDMX:AGENCIES(1.0)";
    xml.open("str:AgencyScheme", &[("id", "AGENCIES"), ("urn", urn), ("agencyID", "SDMX"), ("version", VERSION)]);
    names(xml, &Text::new("机构", "Agencies"));
    xml.open("str:Agency", &[("id", AGENCY)]);
    names(xml, &Text::new("职桥", "Zhiqiao"));
    xml.close("str:Agency");
    xml.close("str:AgencyScheme");
    xml.close("str:OrganisationSchemes");
}

fn flow(xml: &mut Xml, flow: &Dataflow) {
    maintained(xml, "str:Dataflow", "datastructure", "Dataflow", &flow.id);
    names(xml, &flow.name);
    xml.open("str:Structure", &[]);
    reference(xml, &structure_of(&flow.id), "datastructure", "DataStructure");
    xml.close("str:Structure");
    xml.close("str:Dataflow");
}

fn reference(xml: &mut Xml, id: &str, package: &str, class: &str) {
    let attributes = [("id", id), ("version", VERSION), ("agencyID", AGENCY), ("package", package), ("class", class)];
    xml.empty("Ref", &attributes);
}

fn categories(xml: &mut Xml, all: &[Code]) {
    xml.open("str:CategorySchemes", &[]);
    maintained(xml, "str:CategoryScheme", "categoryscheme", "CategoryScheme", CATEGORIES);
    names(xml, &Text::new("报表目录", "Tables"));
    for category in all {
        let urn = format!(
            "urn:sdmx:org.sdmx.infomodel.categoryscheme.Category={AGENCY}:{CATEGORIES}({VERSION}).{}",
            category.id
        );
        xml.open("str:Category", &[("id", &category.id), ("urn", &urn)]);
        names(xml, &category.name);
        xml.close("str:Category");
    }
    xml.close("str:CategoryScheme");
    xml.close("str:CategorySchemes");
}

fn categorisation(xml: &mut Xml, one: &Categorisation) {
    maintained(xml, "str:Categorisation", "categoryscheme", "Categorisation", &categorisation_of(&one.flow.id));
    names(xml, &one.flow.name);
    xml.open("str:Source", &[]);
    reference(xml, &one.flow.id, "datastructure", "Dataflow");
    xml.close("str:Source");
    xml.open("str:Target", &[]);
    let of = [
        ("id", one.category.as_str()),
        ("maintainableParentID", CATEGORIES),
        ("maintainableParentVersion", VERSION),
        ("agencyID", AGENCY),
        ("package", "categoryscheme"),
        ("class", "Category"),
    ];
    xml.empty("Ref", &of);
    xml.close("str:Target");
    xml.close("str:Categorisation");
}

fn list(xml: &mut Xml, list: &Codelist) {
    maintained(xml, "str:Codelist", "codelist", "Codelist", &list.id);
    names(xml, &list.name);
    for code in &list.codes {
        let urn = format!("urn:sdmx:org.sdmx.infomodel.codelist.Code={AGENCY}:{}({VERSION}).{}", list.id, code.id);
        xml.open("str:Code", &[("id", &code.id), ("urn", &urn)]);
        names(xml, &code.name);
        if let Some(parent) = &code.parent {
            xml.open("str:Parent", &[]);
            xml.empty("Ref", &[("id", parent)]);
            xml.close("str:Parent");
        }
        xml.close("str:Code");
    }
    xml.close("str:Codelist");
}

fn concepts(xml: &mut Xml) {
    xml.open("str:Concepts", &[]);
    maintained(xml, "str:ConceptScheme", "conceptscheme", "ConceptScheme", CONCEPTS);
    names(xml, &Text::new("职桥概念", "Concepts of Zhiqiao"));
    for (id, zh, en) in ALL_CONCEPTS {
        let urn = format!("urn:sdmx:org.sdmx.infomodel.conceptscheme.Concept={AGENCY}:{CONCEPTS}({VERSION}).{id}");
        xml.open("str:Concept", &[("id", id), ("urn", &urn)]);
        names(xml, &Text::new(zh, en));
        // sdmx1 looks for it before it reads an attribute of a structure-specific message.
        xml.open("str:CoreRepresentation", &[]);
        xml.empty("str:TextFormat", &[("textType", text_type(id))]);
        xml.close("str:CoreRepresentation");
        xml.close("str:Concept");
    }
    xml.close("str:ConceptScheme");
    xml.close("str:Concepts");
}

/// What a value is that is no code.
fn text_type(concept: &str) -> &'static str {
    match concept {
        TIME => "ObservationalTimePeriod",
        "OBS_VALUE" => "Decimal",
        "DECIMALS" => "Integer",
        _ => "String",
    }
}

/// What a component is, and where its values come from.
fn component(xml: &mut Xml, concept: &str, flow: &str) {
    xml.open("str:ConceptIdentity", &[]);
    let of = [
        ("id", concept),
        ("maintainableParentID", CONCEPTS),
        ("maintainableParentVersion", VERSION),
        ("agencyID", AGENCY),
        ("package", "conceptscheme"),
        ("class", "Concept"),
    ];
    xml.empty("Ref", &of);
    xml.close("str:ConceptIdentity");
    xml.open("str:LocalRepresentation", &[]);
    match (codelist(concept, flow), concept) {
        (Some(list), _) => {
            xml.open("str:Enumeration", &[]);
            reference(xml, &list, "codelist", "Codelist");
            xml.close("str:Enumeration");
        }
        (None, kind) => {
            xml.empty("str:TextFormat", &[("textType", text_type(kind))]);
        }
    }
    xml.close("str:LocalRepresentation");
}

fn structure(xml: &mut Xml, flow: &Dataflow) {
    maintained(xml, "str:DataStructure", "datastructure", "DataStructure", &structure_of(&flow.id));
    names(xml, &flow.name);
    xml.open("str:DataStructureComponents", &[]);
    xml.open("str:DimensionList", &[("id", "DimensionDescriptor")]);
    for (at, dimension) in DIMENSIONS.into_iter().enumerate() {
        xml.open("str:Dimension", &[("id", dimension), ("position", &(at + 1).to_string())]);
        component(xml, dimension, &flow.id);
        xml.close("str:Dimension");
    }
    xml.open("str:TimeDimension", &[("id", TIME), ("position", &(DIMENSIONS.len() + 1).to_string())]);
    component(xml, TIME, &flow.id);
    xml.close("str:TimeDimension");
    xml.close("str:DimensionList");
    xml.open("str:AttributeList", &[("id", "AttributeDescriptor")]);
    for (attribute, status, of) in [
        ("OBS_STATUS", "Mandatory", Some(("str:PrimaryMeasure", "OBS_VALUE"))),
        ("UNIT_MEASURE", "Conditional", Some(("str:Dimension", "INDICATOR"))),
        ("DECIMALS", "Conditional", Some(("str:Dimension", "INDICATOR"))),
        ("RELEASE", "Conditional", None),
    ] {
        xml.open("str:Attribute", &[("id", attribute), ("assignmentStatus", status)]);
        component(xml, attribute, &flow.id);
        xml.open("str:AttributeRelationship", &[]);
        match of {
            Some((element, id)) => {
                xml.open(element, &[]);
                xml.empty("Ref", &[("id", id)]);
                xml.close(element);
            }
            None => xml.empty("str:None", &[]),
        }
        xml.close("str:AttributeRelationship");
        xml.close("str:Attribute");
    }
    xml.close("str:AttributeList");
    xml.open("str:MeasureList", &[("id", "MeasureDescriptor")]);
    xml.open("str:PrimaryMeasure", &[("id", "OBS_VALUE")]);
    component(xml, "OBS_VALUE", &flow.id);
    xml.close("str:PrimaryMeasure");
    xml.close("str:MeasureList");
    xml.close("str:DataStructureComponents");
    xml.close("str:DataStructure");
}

fn constraint(xml: &mut Xml, constraint: &Constraint) {
    let id = super::constraint_of(&constraint.flow.id);
    let urn = format!("urn:sdmx:org.sdmx.infomodel.registry.ContentConstraint={AGENCY}:{id}({VERSION})");
    let attributes =
        [("id", id.as_str()), ("urn", &urn), ("agencyID", AGENCY), ("version", VERSION), ("type", "Actual")];
    xml.open("str:ContentConstraint", &attributes);
    names(xml, &constraint.flow.name);
    xml.open("str:ConstraintAttachment", &[]);
    xml.open("str:Dataflow", &[]);
    reference(xml, &constraint.flow.id, "datastructure", "Dataflow");
    xml.close("str:Dataflow");
    xml.close("str:ConstraintAttachment");
    xml.open("str:CubeRegion", &[("include", "true")]);
    for (dimension, values) in constraint.values.iter().filter(|(_, values)| !values.is_empty()) {
        xml.open("com:KeyValue", &[("id", dimension)]);
        values.iter().for_each(|value| xml.text("com:Value", &[], value));
        xml.close("com:KeyValue");
    }
    if let Some((first, last)) = &constraint.periods {
        xml.open("com:KeyValue", &[("id", TIME)]);
        xml.open("com:TimeRange", &[]);
        xml.text("com:StartPeriod", &[("isInclusive", "true")], first);
        xml.text("com:EndPeriod", &[("isInclusive", "true")], last);
        xml.close("com:TimeRange");
        xml.close("com:KeyValue");
    }
    xml.close("str:CubeRegion");
    xml.close("str:ContentConstraint");
}
