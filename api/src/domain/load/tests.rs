//! What is wrong with a folder, all at once and nothing besides; and what is not wrong.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::*;
use crate::error::Finding;

fn gansu() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/gansu-2023")
}

/// A copy of the reference data with some texts replaced, each found exactly once.
fn with(changes: &[(&str, &str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(gansu()).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), dir.path().join(entry.file_name())).unwrap();
    }
    for (file, from, to) in changes {
        let path = dir.path().join(format!("{file}.csv"));
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.matches(from).count(), 1, "{file}: {from}");
        fs::write(path, text.replacen(from, to, 1)).unwrap();
    }
    dir
}

fn findings<T>(result: Result<T>) -> Vec<Finding> {
    match result {
        Ok(_) => Vec::new(),
        Err(Error::Invalid(findings)) => findings,
        Err(other) => panic!("{other:?}"),
    }
}

fn said(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(|finding| format!("{} {}", finding.pointer, finding.code)).collect()
}

/// Every fault of a folder as `pointer code`.
fn faults(dir: &Path) -> Vec<String> {
    said(&findings(super::plan(dir, &HashMap::new())))
}

#[test]
fn the_reference_data_have_no_fault() {
    let (plan, _, left_alone) = super::plan(&gansu(), &HashMap::new()).unwrap();
    assert_eq!((plan.cities.len(), plan.schools.len(), plan.designations.len()), (14, 29, 65));
    assert_eq!((plan.enterprises.len(), plan.institutions.len(), plan.consortia.len()), (99, 40, 27));
    assert_eq!((plan.members.len(), plan.aliases.len(), plan.partnerships.len()), (61, 27, 66));
    assert_eq!((plan.datasets.len(), plan.indicators.len(), plan.rules.len(), plan.claims.len()), (10, 151, 36, 222));

    assert_eq!((plan.tasks.len(), plan.targets.len()), (20, 76));
    assert_eq!((plan.policies.len(), plan.city_figures.len()), (7, 14));

    assert_eq!(plan.schools[0].code, "62001");
    assert_eq!(plan.schools[28].code, "62029");
    // Digits keep the decimals of the indicator, claims their print.
    let floor = plan.indicators.iter().find(|row| row.code == "conditions.floor_area_per_student").unwrap();
    assert_eq!((floor.threshold, floor.minimum, floor.maximum), (Some(1600), Some(0), None));
    assert!(plan.claims.iter().any(|claim| claim.value == "6609.00"));

    assert_eq!(left_alone[0], "designations.csv: 16 × 学校名单以外的学校所获称号 / titles of schools outside the list");
    assert!(!left_alone.contains(&"rules.csv".to_owned()) && left_alone.contains(&"school_figures.csv".to_owned()));
    assert!(!left_alone.contains(&"tasks.csv".to_owned()));
    assert!(!left_alone.contains(&"schools.csv".to_owned()));
}

#[test]
fn names_stand_for_schools_partners_and_others() {
    let (plan, ..) = super::plan(&gansu(), &HashMap::new()).unwrap();
    let institution = |name: &str| plan.institutions.iter().find(|row| row.name == name).unwrap().code.clone();
    let enterprise = |name: &str| plan.enterprises.iter().find(|row| row.name == name).unwrap().code.clone();

    let outside = institution("重庆工程职业技术学院");
    let of_outside = plan.partnerships.iter().filter(|row| row.institution_code.as_ref() == Some(&outside));
    assert_eq!(of_outside.count(), 13);
    let of_the_city = |row: &&entity::partnership::Model| row.school_code.is_none() && row.institution_code.is_none();
    assert_eq!(plan.partnerships.iter().filter(of_the_city).count(), 5);

    let park = institution("金昌经济技术开发区");
    let of_the_park: Vec<_> = plan.members.iter().filter(|row| row.institution_code.as_ref() == Some(&park)).collect();
    assert_eq!(of_the_park.len(), 2);
    assert!(of_the_park.iter().all(|row| row.name_as_printed.as_deref() == Some("金昌经开区")));

    // Both stand; the one is only suggested for the other.
    let possible = plan.aliases.iter().find(|row| row.alias == "金川集团公司").unwrap();
    assert_eq!(possible.basis, "possible");
    assert_eq!(possible.entity_code, enterprise("金川集团股份有限公司").0);
    assert_ne!(enterprise("金川集团公司"), enterprise("金川集团股份有限公司"));
    // Printed as a school, kept as an institution.
    let alias = plan.aliases.iter().find(|row| row.alias == "重庆工程职院").unwrap();
    assert_eq!((alias.entity_type, &alias.entity_code), (entity::words::EntityType::Institution, &outside.0));
}

/// A change to a file, and the fault that it must make.
const BROKEN: &[(&str, &str, &str, &[&str])] = &[
    ("cities", "623000,甘南州", "62300,甘南州", &["cities.csv#/15/code wrong_form"]),
    ("cities", "金昌市,Jinchang,city", "金昌市,Jinchang,town", &["cities.csv#/4/kind unknown_word"]),
    ("schools", "4,甘肃警察职业学院", "3,甘肃警察职业学院", &["schools.csv#/5/seq duplicate"]),
    ("schools", "6,甘肃工业职业技术学院", "6.5,甘肃工业职业技术学院", &["schools.csv#/7/seq too_many_decimals"]),
    (
        "schools",
        "Transportation Vocational and Technical College,higher_vocational,高职,public,理工类,science_engineering,620100",
        "Transportation Vocational and Technical College,higher,高职,state,理工类,,629900",
        &[
            "schools.csv#/8/tier unknown_word",
            "schools.csv#/8/ownership unknown_word",
            "schools.csv#/8/category empty_cell",
            "schools.csv#/8/city_code unresolved",
        ],
    ),
    ("schools", "27,兰州科技职业学院", "27,兰州外语职业学院", &["schools.csv#/29/name_zh duplicate"]),
    ("enterprises", "4,窑街煤电集团有限公司", "4,兰州兰石集团有限公司", &["enterprises.csv#/5/name_zh duplicate"]),
    (
        "external_institutions",
        "\n兰州文理学院,",
        "\n金川集团股份有限公司,",
        &["external_institutions.csv#/12/name_zh duplicate"],
    ),
    (
        "external_institutions",
        "hospital,620100,001 L516,name,",
        "hospital,,001 L516,name,",
        &["external_institutions.csv#/36/city_basis contradiction"],
    ),
    (
        "designations",
        "\n酒泉职业技术学院,高水平专业群建设单位",
        "\n冶金学院,高水平专业群建设单位",
        &["designations.csv#/4/school_name_zh unresolved"],
    ),
    (
        "consortium_members",
        "甘肃康养行业产教融合共同体,甘肃卫生职业学院,school,lead",
        "甘肃康养共同体,甘肃卫生职业学院,enterprise,leader",
        &[
            "consortium_members.csv#/7/consortium_name_zh unresolved",
            "consortium_members.csv#/7/member_name_zh another_kind",
            "consortium_members.csv#/7/role unknown_word",
        ],
    ),
    (
        "entity_aliases",
        "金川集团股份有限公司,enterprise,possible",
        "金川集团股份有限公司,enterprise,stated",
        &["entity_aliases.csv#/17/alias_zh contradiction"],
    ),
    ("entity_aliases", ",八冶建设集团公司", ",八冶公司", &["entity_aliases.csv#/18/canonical_zh unresolved"]),
    ("entity_aliases", "\n永昌职专,", "\n冶金学院,", &["entity_aliases.csv#/10/alias_zh duplicate"]),
    (
        "partnerships",
        "enterprise_training,32,",
        "enterprise_training,卅二,",
        &["partnerships.csv#/5/count not_a_number"],
    ),
    (
        "partnerships",
        "甘肃机电职业技术学院,甘肃中盛奥华公司,teacher_workstation",
        "甘肃中盛奥华公司,甘肃机电职业技术学院,teacher_workstation",
        &["partnerships.csv#/20/school_name_zh another_kind", "partnerships.csv#/20/enterprise_name_zh another_kind"],
    ),
    ("datasets", "majors,calendar_year", "majors,year", &["datasets.csv#/11/period_kind unknown_word"]),
    (
        "indicators",
        "talent.placed,talent,2,,,0,1,0",
        "talent.placed,talent,2,talent.bachelor_admissions,,0,yes,0",
        &["indicators.csv#/3/required unknown_word", "indicators.csv#/3/parent cycle"],
    ),
    (
        "indicators",
        "talent.further_study,talent,2.1,talent.placed,talent.placed",
        "talent.further_study,talent,2.1,talent.placed,talent.place",
        &["indicators.csv#/4/within unresolved"],
    ),
    (
        "indicators",
        "weighted_mean,talent.employed_in_sectors,0,",
        "weighted_mean,,0,",
        &["indicators.csv#/7/weight contradiction"],
    ),
    (
        "indicators",
        "talent.promotion_rate_3y,talent,7,,,0,1,0,毕业三年晋升比例,Share promoted within three years of graduation,毕业三年晋升比例,%,percent,2,mean,,0,100",
        "talent.promotion_rate_3y,talents,7,,,0,1,0,毕业三年晋升比例,Share promoted within three years of graduation,毕业三年晋升比例,%,percent,2,mean,talent.graduates,200,100",
        &[
            "indicators.csv#/13/code other_dataset",
            "indicators.csv#/13/dataset unresolved",
            "indicators.csv#/13/weight other_dataset",
            "indicators.csv#/13/weight contradiction",
            "indicators.csv#/13/maximum contradiction",
        ],
    ),
    (
        "indicators",
        "16.00,higher",
        "16.005,",
        &["indicators.csv#/137/threshold too_many_decimals", "indicators.csv#/137/better contradiction"],
    ),
    (
        "indicators",
        "scale.intake,scale,2,,,0,1,0,招生数",
        "scale.intake,scale,2,majors.added,,0,1,0,在校生人数",
        &["indicators.csv#/144/parent other_dataset", "indicators.csv#/144/label_zh duplicate"],
    ),
    (
        "claims",
        "毕业生人数,talent.graduates,value,province,620000,2023,=,94358,人,001 附表1",
        "毕业生人数,talent.graduate,value,province,620000,2023,=,94358,人,001 附表1",
        &["claims.csv#/2/indicator unresolved"],
    ),
    (
        "claims",
        "scale.students,value,school,62001,2023,=,25688",
        "scale.students,median,school,62001,2022-2023,=,2万",
        &[
            "claims.csv#/215/statistic contradiction",
            "claims.csv#/215/period wrong_form",
            "claims.csv#/215/value not_a_number",
        ],
    ),
    (
        "claims",
        "100.0 * talent.placed / talent.graduates,province,620000",
        "100.0 * talent.place / talent.graduates,province,630000",
        &["claims.csv#/199/statistic unresolved", "claims.csv#/199/scope_code unresolved"],
    ),
];

/// What gives a protected line away: all but one line of a sum, or a rule that binds.
#[test]
fn what_public_lines_give_away_is_not_protected() {
    let whole = (
        "indicators",
        "三次产业就业人数,人,persons,0,sum,,0,,,,,public,001 附表1",
        "三次产业就业人数,人,persons,0,sum,,0,,,,,aggregate,001 附表1",
    );
    let part =
        ("indicators", "面向第二产业,人,persons,0,sum,,0,,,,,public", "面向第二产业,人,persons,0,sum,,0,,,,,aggregate");
    let rule = (
        "rules",
        "service.employment_agrees_sectors,service,warning,service.first_employment == talent.employed_in_sectors",
        "service.employment_agrees_sectors,service,error,talent.promotion_rate_3y == service.first_employment / \
         talent.employed_in_sectors",
    );
    for (changes, expected) in [
        (&[whole][..], &["indicators.csv#/8/disclosure given_away"][..]),
        (&[part], &["indicators.csv#/10/disclosure given_away"]),
        (&[rule], &["indicators.csv#/13/disclosure given_away"]),
        // Two of a sum hide each other.
        (&[whole, part], &[]),
    ] {
        let dir = with(changes);
        let found = findings(super::plan(dir.path(), &HashMap::new()));
        assert_eq!(said(&found), expected);
        for one in found {
            assert!(one.message.zh.contains("talent.") && one.message.en.contains("protect"), "{one:?}");
        }
    }
}

#[test]
fn every_fault_is_named_at_once_with_file_line_and_column() {
    let dir = with(&BROKEN.iter().map(|(file, from, to, _)| (*file, *from, *to)).collect::<Vec<_>>());
    let findings = findings(super::plan(dir.path(), &HashMap::new()));
    let mut got = said(&findings);
    let mut expected: Vec<String> = BROKEN.iter().flat_map(|row| row.3).map(|fault| (*fault).to_owned()).collect();
    got.sort_unstable();
    expected.sort_unstable();
    assert_eq!(got, expected);

    let of = |pointer: &str| findings.iter().find(|finding| finding.pointer == pointer).unwrap();
    let city = of("schools.csv#/8/city_code");
    assert_eq!(city.message.zh, "schools.csv 第 8 行 city_code：cities.csv 中没有“629900”");
    assert_eq!(city.message.en, "schools.csv, line 8, city_code: cities.csv has no `629900`");
    assert_eq!(city.got.as_deref(), Some("629900"));
    // A short form where the official name belongs is recognised, not taken.
    assert_eq!(of("designations.csv#/4/school_name_zh").expected.as_deref(), Some("甘肃有色冶金职业技术学院"));
    assert_eq!(of("claims.csv#/199/statistic").got.as_deref(), Some("talent.place"));
    assert_eq!(
        of("indicators.csv#/3/parent").got.as_deref(),
        Some("talent.placed → talent.bachelor_admissions → talent.further_study → talent.placed")
    );
}

#[test]
fn each_fault_is_named_by_itself_as_well() {
    for (file, from, to, expected) in BROKEN {
        let mut expected: Vec<String> = expected.iter().map(|fault| (*fault).to_owned()).collect();
        let mut got = faults(with(&[(file, from, to)]).path());
        expected.sort_unstable();
        got.sort_unstable();
        assert_eq!(got, expected, "{file}: {to}");
    }
}

#[test]
fn a_fault_of_form_is_not_repeated_by_what_refers_to_the_file() {
    let dir = with(&[("schools", "seq,name_zh,", "seq,name,"), ("indicators", "weight,minimum", "weights,minimum")]);
    fs::remove_file(dir.path().join("enterprises.csv")).unwrap();
    fs::write(dir.path().join("cities.csv"), b"code,name_zh,name_en,kind,source\n620100,\xc0\xbc\xd6\xdd,,city,\n")
        .unwrap();
    let expected = [
        "cities.csv#/2 not_utf8",
        "enterprises.csv missing_file",
        "indicators.csv#/1/weight missing_column",
        "schools.csv#/1/name_zh missing_column",
    ];
    assert_eq!(faults(dir.path()), expected);
}

#[test]
fn a_line_with_a_comma_too_many_is_one_fault() {
    let dir = with(&[("schools", ",001 表1,公办,天水市,189", ",001, 表1,公办,天水市,189")]);
    assert_eq!(faults(dir.path()), ["schools.csv#/6 cell_count"]);
}

#[test]
fn a_missing_folder_is_a_fault() {
    assert_eq!(faults(Path::new("/nowhere/at/all")), [" missing_folder"]);
}

#[test]
fn what_spreadsheets_do_to_a_file_is_no_fault() {
    let dir = with(&[]);
    for entry in fs::read_dir(dir.path()).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let mut lines = text.lines();
        // A byte-order mark, other line ends, a blank line, one more column.
        let header = lines.next().unwrap();
        let body: String = lines.map(|line| format!("{line},\r\n")).collect();
        fs::write(&path, format!("\u{feff}{header},remark\r\n\r\n{body}")).unwrap();
    }
    let (plan, ..) = super::plan(dir.path(), &HashMap::new()).unwrap();
    assert_eq!((plan.schools.len(), plan.claims.len()), (29, 222));

    // Lines are counted as an editor counts them.
    let path = dir.path().join("schools.csv");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen(",private,", ",nobody,", 1)).unwrap();
    assert_eq!(faults(dir.path()), ["schools.csv#/29/ownership unknown_word"]);
}

#[test]
fn the_order_of_a_file_changes_no_code_and_no_id() {
    let dir = with(&[]);
    for file in ["enterprises", "consortia", "consortium_members", "designations"] {
        let path = dir.path().join(format!("{file}.csv"));
        let text = fs::read_to_string(&path).unwrap();
        let (header, body) = text.split_once('\n').unwrap();
        let body: Vec<&str> = body.lines().rev().collect();
        fs::write(&path, format!("{header}\n{}\n", body.join("\n"))).unwrap();
    }
    let keys = |plan: &Plan| {
        let mut keys: Vec<String> = Vec::new();
        keys.extend(plan.enterprises.iter().map(|row| format!("{} {}", row.code, row.name)));
        keys.extend(plan.consortia.iter().map(|row| format!("{} {}", row.code, row.name)));
        keys.extend(plan.members.iter().map(|row| format!("{} {:?} {:?}", row.id, row.consortium_code, row.role)));
        keys.extend(plan.designations.iter().map(|row| format!("{} {} {}", row.id, row.school_code, row.name)));
        keys.sort_unstable();
        keys
    };
    let (here, there) =
        (super::plan(&gansu(), &HashMap::new()).unwrap().0, super::plan(dir.path(), &HashMap::new()).unwrap().0);
    assert_eq!(keys(&here), keys(&there));
    assert_ne!(here.enterprises[0].code, there.enterprises[0].code);
    // Published: these must never change.
    assert_eq!(here.enterprises[0].name, "酒泉钢铁（集团）有限责任公司");
    assert_eq!(here.enterprises[0].code.as_str(), "EEADEB0F3");
    assert_eq!(here.members[0].id.to_string(), "36bb8cc8-e927-516d-b2a0-3f06c4f3a433");
}

#[test]
fn every_fault_of_tasks_and_targets_is_named() {
    let dir = with(&[
        ("tasks", "2021年4月,2021,004 附件2-1", "2021年4月,2022,004 附件2-1"),
        ("tasks", "市教育局|市农业农村局|各县（区）政府,2023年,2023", "市教育局||各县（区）政府,2023年,"),
        ("tasks", "长期坚持,,004 附件2-8", "长期坚持,,009 附件2-8"),
        ("targets", ">=,4:6,,,004 三(二)4", ">=,4:0,,,004 三(二)4"),
        (
            "targets",
            "金昌市,city,“一园（五中心）一区两基地”建设·一园,Demonstration parks of the Jinchang plan,=",
            "金昌,city,“一园（五中心）一区两基地”建设·一园,Demonstration parks of the Jinchang plan,==",
        ),
        ("city_figures", "620300,technology_teams", "620399,technology_teams"),
        ("target_expressions", "international.foreign_students", "international.nobody"),
        ("target_expressions", "重构14个高水平专业群", "重构十四个高水平专业群"),
    ]);
    let mut got = faults(dir.path());
    got.sort_unstable();
    let expected = [
        "city_figures.csv#/15/city_code unresolved",
        "target_expressions.csv#/2/label_zh unresolved",
        "target_expressions.csv#/8/expression unresolved",
        "targets.csv#/27/comparator unknown_word",
        "targets.csv#/40/value wrong_form",
        "tasks.csv#/17/departments_zh wrong_form",
        "tasks.csv#/17/due_year contradiction",
        "tasks.csv#/2/due_year contradiction",
        "tasks.csv#/9/source unresolved",
    ];
    assert_eq!(got, expected);

    // Owners that are not in the registry stay as printed; older folders have none of these files.
    let dir = with(&[("targets", "甘肃有色冶金职业技术学院,school", "某学院,school")]);
    let (plan, ..) = super::plan(dir.path(), &HashMap::new()).unwrap();
    let other = plan.targets.iter().find(|row| row.owner_name == "某学院").unwrap();
    assert_eq!((&other.city_code, &other.school_code), (&None, &None));
    for file in ["tasks", "targets", "target_expressions", "policies", "city_figures"] {
        fs::remove_file(dir.path().join(format!("{file}.csv"))).unwrap();
    }
    let (plan, ..) = super::plan(dir.path(), &HashMap::new()).unwrap();
    assert_eq!((plan.tasks.len(), plan.targets.len(), plan.city_figures.len()), (0, 0, 0));
}

#[test]
fn a_target_has_its_expression_by_source_and_label() {
    let (first, ..) = super::plan(&gansu(), &HashMap::new()).unwrap();
    let with = first.targets.iter().filter(|row| row.expression.is_some()).count();
    assert_eq!(with, 13);
    let dir = self::with(&[]);
    fs::remove_file(dir.path().join("target_expressions.csv")).unwrap();
    let (second, ..) = super::plan(dir.path(), &HashMap::new()).unwrap();
    assert!(second.targets.iter().all(|row| row.expression.is_none()));
    assert_eq!(first.targets.len(), second.targets.len());
    assert!(first.targets.iter().zip(&second.targets).all(|(one, other)| one.id == other.id));
}

#[test]
fn another_province_needs_nothing_but_its_files() {
    let dir = tempfile::tempdir().unwrap();
    let mut files: HashMap<&str, String> =
        FILES.iter().map(|(file, columns, _)| (*file, format!("{}\n", columns.join(",")))).collect();
    let mut add = |file: &str, line: &str| files.get_mut(file).unwrap().push_str(&format!("{line}\n"));
    add("cities", "510100,成都市,Chengdu,city,GB/T 2260");
    add("schools", "7,甲学校,,higher_vocational,高职,public,理工类,science_engineering,510100,名单");
    add("datasets", "staff,教职工表,,school_year,名单");
    add("indicators", "staff.all,staff,1,,,0,1,0,教职工,,教职工,人,,0,sum,,0,,,,12.5,internal,名单");
    add("claims", "a,教职工,staff.all,value,province,510000,2022-2023,>=,300,人,名单");
    for (file, text) in &files {
        fs::write(dir.path().join(format!("{file}.csv")), text).unwrap();
    }
    let (plan, _, left_alone) = super::plan(dir.path(), &HashMap::new()).unwrap();
    assert_eq!(plan.schools[0].code, "51007");
    assert_eq!(plan.schools[0].affiliation, entity::words::Affiliation::City);
    assert_eq!(plan.indicators[0].usual_change, Some(1250));
    assert!(left_alone.is_empty());

    // A folder may bring its own codes, and who runs a school.
    let schools = "code,seq,name_zh,name_en,tier,tier_zh,ownership,category_zh,category,city_code,source,affiliation\n\
        SC-1,,甲学校,,higher_vocational,高职,public,理工类,science_engineering,510100,名单,province\n";
    fs::write(dir.path().join("schools.csv"), schools).unwrap();
    let (plan, ..) = super::plan(dir.path(), &HashMap::new()).unwrap();
    assert_eq!(plan.schools[0].code, "SC-1");
    assert_eq!(plan.schools[0].affiliation, entity::words::Affiliation::Province);
}

#[test]
fn observations_are_read_with_the_same_care() {
    let cells = read_observations(&gansu()).unwrap();
    assert_eq!(cells.len(), 274);
    let students = cells.iter().filter(|cell| cell.indicator == "scale.students");
    assert_eq!(students.map(|cell| cell.value.parse::<u64>().unwrap()).sum::<u64>(), 294_013);

    let dir = with(&[
        ("observations", "62001,majors,2023,majors.added,0", "62099,majors,2023-2024,majors.added,0.5"),
        (
            "observations",
            "62001,online,2023,online.national_banks_joined,2",
            "62001,majors,2023,online.national_banks_joined,2",
        ),
        (
            "observations",
            "62001,online,2023,online.national_courses_joined,0",
            "62001,online,2023,online.national_banks_led,",
        ),
    ]);
    let mut got = said(&findings(read_observations(dir.path())));
    got.sort_unstable();
    let expected = [
        "observations.csv#/2/period wrong_form",
        "observations.csv#/2/school unresolved",
        "observations.csv#/2/value too_many_decimals",
        "observations.csv#/3/indicator other_dataset",
        "observations.csv#/5/indicator duplicate",
        "observations.csv#/5/value empty_cell",
    ];
    assert_eq!(got, expected);
}
