//! Cities, schools, enterprises, institutions, consortia.

use super::routes;

routes! {
    /// `/v1/cities`.
    cities: city at "/v1/cities", "/v1/cities/{city}", "city";
    /// The cities, by code.
    list CityListView,
    /// One of them; what was merged is found under its old code, too.
    get,
    /// Adds a city.
    add,
    /// Changes what is said of a city.
    change;
    /// An entry of the registry (city).
    view CityView {
        /// GB/T 2260, as in `620100`; never changes.
        code,
    }
    /// What is said of a city; what is left out stays.
    body CityBody {
        /// GB/T 2260, as in `620100`; never changes.
        code,
    }
    both {
        /// The official Chinese name.
        name,
        /// In English.
        name_en,
        /// `city` or `autonomous_prefecture`.
        kind,
        /// Where it is printed.
        source,
    }
}

routes! {
    /// `/v1/schools`.
    schools: school at "/v1/schools", "/v1/schools/{school}", "school";
    /// The schools, by code.
    list SchoolListView,
    /// One of them; what was merged is found under its old code, too.
    get,
    /// Adds a school.
    add,
    /// Changes what is said of a school, or closes it. What became of it is a succession.
    change;
    /// An entry of the registry (school).
    view SchoolView {
        /// The exchange's own code, as in `62001`; never changes. The next free number where nothing is said.
        code,
    }
    /// What is said of a school; what is left out stays.
    body SchoolBody {
        /// The exchange's own code, as in `62001`; never changes. The next free number where nothing is said.
        code,
    }
    both {
        /// The official Chinese name.
        name,
        /// In English.
        name_en,
        /// `undergraduate_vocational`, `higher_vocational`, `junior_college` or `secondary_vocational`.
        tier,
        /// `public` or `private`.
        ownership,
        /// Its field, as in `science_engineering`.
        category,
        /// `city`, or `province` for those that no city reviews; `city` where nothing is said.
        affiliation,
        /// The code of its city.
        city,
        /// The ministry's ten digits.
        national_code,
        /// Where it is printed.
        source,
    }
}

routes! {
    /// `/v1/enterprises`.
    enterprises: enterprise at "/v1/enterprises", "/v1/enterprises/{enterprise}", "enterprise";
    /// The enterprises, in the order of the list.
    list EnterpriseListView,
    /// One of them; what was merged is found under its old code, too.
    get,
    /// Adds an enterprise: the province any, a city one of its own.
    add,
    /// Changes what is said of an enterprise, or ends it: the province any, a city its own, an enterprise its name in English, industry, website and profile.
    change;
    /// An entry of the registry (enterprise).
    view EnterpriseView {
        /// The exchange's own code.
        code,
    }
    /// What is said of a enterprise; what is left out stays.
    body EnterpriseBody {
    }
    both {
        /// The official Chinese name.
        name,
        /// In English.
        name_en,
        /// Its industry, in words.
        industry,
        /// The code of its city.
        city,
        /// How the city is known: `name`, which is not a seat, or `text`.
        city_basis,
        /// Unified social credit code, with its check digit (GB 32100).
        uscc,
        /// Its address on the web.
        website,
        /// What it says of itself; no personal data.
        profile,
        /// Where it is printed.
        source,
    }
}

routes! {
    /// `/v1/institutions`.
    institutions: external_institution at "/v1/institutions", "/v1/institutions/{institution}", "institution";
    /// Bodies that are neither a school of the province nor an enterprise.
    list InstitutionListView,
    /// One of them; what was merged is found under its old code, too.
    get,
    /// Adds such a body.
    add,
    /// Changes what is said of such a body.
    change;
    /// An entry of the registry (institution).
    view InstitutionView {
        /// The exchange's own code.
        code,
    }
    /// What is said of a institution; what is left out stays.
    body InstitutionBody {
    }
    both {
        /// The official Chinese name.
        name,
        /// In English.
        name_en,
        /// What it is, as in `university`.
        kind,
        /// The code of its city.
        city,
        /// How the city is known: `name` or `text`.
        city_basis,
        /// Where it is printed.
        source,
    }
}

routes! {
    /// `/v1/consortia`.
    consortia: consortium at "/v1/consortia", "/v1/consortia/{consortium}", "consortium";
    /// The consortia, in the order of the list.
    list ConsortiumListView,
    /// One of them; what was merged is found under its old code, too.
    get,
    /// Adds a consortium.
    add,
    /// Changes what is said of a consortium, or ends it.
    change;
    /// An entry of the registry (consortium).
    view ConsortiumView {
        /// The exchange's own code.
        code,
    }
    /// What is said of a consortium; what is left out stays.
    body ConsortiumBody {
    }
    both {
        /// The official Chinese name.
        name,
        /// In English.
        name_en,
        /// `city_consortium`, `industry_community`, `vocational_group`, `alliance` or `cluster`.
        kind,
        /// `national`, `provincial`, `regional` or `city`.
        scope,
        /// When it was founded, as printed.
        founded_on,
        /// The code of the industry chain that it serves.
        chain,
        /// Where it is printed.
        source,
    }
}
