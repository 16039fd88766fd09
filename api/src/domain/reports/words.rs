//! The words of a report in both languages.

use entity::words::{Ownership, SchoolCategory, SchoolTier};

use crate::error::Language;

/// The words of one language.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words {
    /// Of the page.
    pub(super) code: &'static str,
    pub(super) language: Language,
    pub(super) title: fn(&str) -> String,
    pub(super) origin: fn(&str, &str, bool) -> String,
    pub(super) legend: &'static [&'static str],
    pub(super) notes: &'static str,
    pub(super) number: &'static str,
    pub(super) school: &'static str,
    pub(super) tier: &'static str,
    pub(super) ownership: &'static str,
    pub(super) category: &'static str,
    pub(super) city: &'static str,
    pub(super) indicator: &'static str,
    pub(super) unit: &'static str,
    pub(super) value: &'static str,
    pub(super) standard: &'static str,
    pub(super) total: &'static str,
    pub(super) of_which: &'static str,
    pub(super) schools_table: &'static str,
}

impl Words {
    pub(super) const fn of(language: Language) -> Self {
        match language {
            Language::Chinese => CHINESE,
            Language::English => ENGLISH,
        }
    }

    /// One of two texts.
    pub(super) fn pick<'t>(self, zh: &'t str, en: &'t str) -> &'t str {
        match self.language {
            Language::Chinese => zh,
            Language::English => en,
        }
    }

    pub(super) fn tier_of(self, tier: SchoolTier) -> &'static str {
        match tier {
            SchoolTier::UndergraduateVocational => self.pick("职业本科", "Undergraduate vocational"),
            SchoolTier::HigherVocational => self.pick("高职", "Higher vocational"),
            SchoolTier::JuniorCollege => self.pick("高专", "Junior college"),
            SchoolTier::SecondaryVocational => self.pick("中职", "Secondary vocational"),
        }
    }

    pub(super) fn ownership_of(self, ownership: Ownership) -> &'static str {
        match ownership {
            Ownership::Public => self.pick("公办", "Public"),
            Ownership::Private => self.pick("民办", "Private"),
        }
    }

    pub(super) fn category_of(self, category: SchoolCategory) -> &'static str {
        match category {
            SchoolCategory::ScienceEngineering => self.pick("理工类", "Science and engineering"),
            SchoolCategory::TeacherTraining => self.pick("师范类", "Teacher training"),
            SchoolCategory::PoliticalScienceLaw => self.pick("政法类", "Political science and law"),
            SchoolCategory::AgricultureForestry => self.pick("农林牧类", "Agriculture and forestry"),
            SchoolCategory::FinanceEconomics => self.pick("财经类", "Finance and economics"),
            SchoolCategory::Medical => self.pick("医学类", "Medical"),
            SchoolCategory::Comprehensive => self.pick("综合类", "Comprehensive"),
            SchoolCategory::Language => self.pick("语言类", "Language"),
        }
    }
}

const CHINESE: Words = Words {
    code: "zh-CN",
    language: Language::Chinese,
    title: |period| format!("高等职业教育质量年度报告（{period}）数据表"),
    origin: |release, day, is_internal| {
        let inside = if is_internal { "【内部资料，不得公开】" } else { "" };
        format!("{inside}数据来源：职桥 zhiqiao，版本 {release}，{day}")
    },
    legend: &[
        "“—”：没有数据；“…”：受保护，不予公布；“/”：不适用。",
        "表中数值按指标的小数位四舍五入；精确值、学校数和公布数的核对情况见各单元格的提示与 CSV 文件。",
    ],
    notes: "注：",
    number: "序号",
    school: "学校名称",
    tier: "办学层次",
    ownership: "办学性质",
    category: "院校类别",
    city: "所在市州",
    indicator: "指标",
    unit: "单位",
    value: "数值",
    standard: "合格指标",
    total: "合计",
    of_which: "其中：",
    schools_table: "高等职业院校基本情况一览表",
};

const ENGLISH: Words = Words {
    code: "en",
    language: Language::English,
    title: |period| format!("Quality report on higher vocational education ({period}): tables"),
    origin: |release, day, is_internal| {
        let inside = if is_internal { "INTERNAL, not to be published. " } else { "" };
        format!("{inside}Source: zhiqiao, version {release}, {day}")
    },
    legend: &[
        "“—”: no data; “…”: protected, not published; “/”: not applicable.",
        "Figures are rounded to the indicator's decimals; the exact value, the number of schools and how printed figures compare stand in the hint of each cell and in the CSV files.",
    ],
    notes: "Notes:",
    number: "No.",
    school: "School",
    tier: "Level",
    ownership: "Ownership",
    category: "Category",
    city: "City",
    indicator: "Indicator",
    unit: "Unit",
    value: "Value",
    standard: "Standard",
    total: "Total",
    of_which: "of which: ",
    schools_table: "Higher vocational institutions",
};
