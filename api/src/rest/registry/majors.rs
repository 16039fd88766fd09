//! The catalogue of majors, what schools teach, and industry chains.

use super::routes;

routes! {
    /// `/v1/majors`.
    catalogue: major at "/v1/majors", "/v1/majors/{major}", "major";
    /// The catalogue of majors, by code.
    list MajorListView,
    /// One of them; what was merged is found under its old code, too.
    get,
    /// Adds a major.
    add,
    /// Changes what is said of a major, or ends it.
    change;
    /// An entry of the registry (major).
    view MajorView {
        /// Six digits; never changes.
        code,
    }
    /// What is said of a major; what is left out stays.
    body MajorBody {
        /// Six digits; never changes.
        code,
    }
    both {
        /// The official Chinese name.
        name,
        /// In English.
        name_en,
        /// 专业大类, by its name.
        category,
        /// 专业类, by its name.
        class,
        /// `secondary`, `higher_vocational` or `undergraduate_vocational`.
        level,
        /// Of the catalogue, as in `2021`.
        edition,
        /// Where it is printed.
        source,
    }
}

routes! {
    /// `/v1/programmes`.
    programmes: programme at "/v1/programmes", "/v1/programmes/{programme}", "programme";
    /// What schools teach.
    list ProgrammeListView,
    /// One of them; what was merged is found under its old code, too.
    get,
    /// Says that a school teaches a major: the school itself, or the province.
    add,
    /// Says since when and until when a school teaches a major.
    change;
    /// An entry of the registry (programme).
    view ProgrammeView {
        /// Its id.
        id,
    }
    /// What is said of a programme; what is left out stays.
    body ProgrammeBody {
    }
    both {
        /// The code of the school; never changes.
        school,
        /// The code of the major; never changes.
        major,
        /// Where it is printed.
        source,
    }
}

routes! {
    /// `/v1/industry-chains`.
    chains: industry_chain at "/v1/industry-chains", "/v1/industry-chains/{chain}", "chain";
    /// The industry chains of the province.
    list IndustryChainListView,
    /// One of them; what was merged is found under its old code, too.
    get,
    /// Adds an industry chain.
    add,
    /// Changes what is said of an industry chain, or ends it.
    change;
    /// An entry of the registry (chain).
    view IndustryChainView {
        /// The exchange's own code.
        code,
    }
    /// What is said of a chain; what is left out stays.
    body IndustryChainBody {
    }
    both {
        /// The official Chinese name.
        name,
        /// In English.
        name_en,
        /// Where it is printed.
        source,
    }
}

routes! {
    /// `/v1/major-chains`.
    links: major_chain at "/v1/major-chains", "/v1/major-chains/{link}", "link";
    /// Which majors serve which industry chains.
    list MajorChainListView,
    /// One of them; what was merged is found under its old code, too.
    get,
    /// Says that a major serves an industry chain.
    add,
    /// Changes what is said of such a link, or ends it.
    change;
    /// An entry of the registry (link).
    view MajorChainView {
        /// Its id.
        id,
    }
    /// What is said of a link; what is left out stays.
    body MajorChainBody {
    }
    both {
        /// The code of the major; never changes.
        major,
        /// The code of the industry chain; never changes.
        chain,
        /// Where it is printed.
        source,
    }
}
