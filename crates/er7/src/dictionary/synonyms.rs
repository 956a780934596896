//! What people say for what the standard names otherwise. Our own list: short, and only words heard in
//! practice.

/// Phrases that mean the same, the places they mean (best first), and the standard's words for it.
pub(super) struct Synonym {
    pub(super) phrases: &'static [&'static str],
    pub(super) paths: &'static [&'static str],
    /// Searched for instead of the phrase; nothing when the phrase is the standard's own.
    pub(super) words: &'static str,
}

const fn means(
    phrases: &'static [&'static str],
    paths: &'static [&'static str],
    words: &'static str,
) -> Synonym {
    Synonym { phrases, paths, words }
}

pub(super) static SYNONYMS: &[Synonym] = &[
    // the patient
    means(&["date of birth", "dob", "birthday", "born"], &["PID-7"], "date birth"),
    means(&["name", "patient name"], &["PID-5"], ""),
    means(&["surname", "last name", "family name"], &["PID-5.1", "XPN.1", "FN.1"], "family name"),
    means(&["first name", "given name", "forename", "christian name"], &["PID-5.2", "XPN.2"], "given name"),
    means(&["middle name", "initial"], &["PID-5.3", "XPN.3"], "second further given names"),
    means(
        &[
            "mrn",
            "medical record number",
            "patient id",
            "patient identifier",
            "patient number",
            "hospital number",
            "chart number",
        ],
        &["PID-3", "PID-3.1", "PID-2"],
        "patient identifier",
    ),
    means(&["assigning authority", "id system", "namespace"], &["PID-3.4", "CX.4", "HD.1"], ""),
    means(&["ssn", "social security number", "social security"], &["PID-19"], "ssn number"),
    means(&["sex", "gender"], &["PID-8"], "administrative sex"),
    means(&["address", "home address", "patient address"], &["PID-11"], ""),
    means(&["street"], &["PID-11.1", "XAD.1"], "street address"),
    means(&["city", "town"], &["PID-11.3", "XAD.3"], "city"),
    means(&["zip", "zip code", "postcode", "postal code"], &["PID-11.5", "XAD.5"], "zip or postal code"),
    means(&["country"], &["PID-11.6", "XAD.6"], ""),
    means(
        &["phone", "telephone", "phone number", "mobile", "cell", "telephone number"],
        &["PID-13", "PID-14"],
        "phone number",
    ),
    means(&["email", "e mail", "mail address"], &["PID-13.4", "XTN.4"], "email address"),
    means(&["race"], &["PID-10"], ""),
    means(&["ethnicity", "ethnic origin"], &["PID-22"], "ethnic group"),
    means(&["language", "mother tongue"], &["PID-15"], "primary language"),
    means(&["marriage", "married"], &["PID-16"], "marital status"),
    means(&["nationality", "citizenship"], &["PID-28", "PID-26"], "citizenship"),
    means(
        &["date of death", "death date", "died", "time of death"],
        &["PID-29", "PID-30"],
        "patient death date",
    ),
    means(&["dead", "deceased"], &["PID-30", "PID-29"], "patient death indicator"),
    means(&["maiden name"], &["PID-6"], "maiden name"),
    means(&["account number", "billing number"], &["PID-18"], "patient account number"),
    means(&["next of kin", "emergency contact", "relative"], &["NK1", "NK1-2", "NK1-3"], "next of kin"),
    means(
        &["gp", "family doctor", "primary care", "pcp", "general practitioner"],
        &["PD1-4"],
        "primary care provider",
    ),
    // the visit
    means(&["attending doctor", "attending physician", "attending"], &["PV1-7"], "attending doctor"),
    means(&["referring doctor", "referring physician", "referrer"], &["PV1-8"], "referring doctor"),
    means(&["consulting doctor", "consultant"], &["PV1-9"], "consulting doctor"),
    means(&["admitting doctor", "admitting physician"], &["PV1-17"], "admitting doctor"),
    means(&["inpatient", "outpatient", "patient class", "encounter type"], &["PV1-2"], "patient class"),
    means(&["location", "patient location"], &["PV1-3"], "assigned patient location"),
    means(&["ward", "unit", "point of care"], &["PV1-3.1", "PL.1"], "point of care"),
    means(&["room"], &["PV1-3.2", "PL.2"], ""),
    means(&["bed"], &["PV1-3.3", "PL.3"], ""),
    means(
        &["visit number", "encounter number", "encounter id", "visit id", "fin"],
        &["PV1-19"],
        "visit number",
    ),
    means(&["admission date", "admit date", "admitted", "admission time"], &["PV1-44"], "admit date time"),
    means(&["discharge date", "discharged", "discharge time"], &["PV1-45"], "discharge date time"),
    // orders and results
    means(
        &["ordering doctor", "ordering physician", "ordering provider", "requester"],
        &["OBR-16", "ORC-12"],
        "ordering provider",
    ),
    means(
        &["order number", "placer order number", "placer number"],
        &["ORC-2", "OBR-2"],
        "placer order number",
    ),
    means(
        &["accession", "accession number", "lab number", "filler number"],
        &["OBR-3", "ORC-3"],
        "filler order number",
    ),
    means(
        &["test", "test code", "test name", "loinc", "analyte"],
        &["OBX-3", "OBR-4"],
        "observation identifier",
    ),
    means(
        &["result", "value", "result value", "lab value", "lab result", "test result", "measurement"],
        &["OBX-5"],
        "observation value",
    ),
    means(&["units", "unit of measure", "measurement unit"], &["OBX-6"], "units"),
    means(&["normal range", "reference range"], &["OBX-7"], "references range"),
    means(&["abnormal", "abnormal flag", "interpretation"], &["OBX-8"], "abnormal flags"),
    means(&["result status"], &["OBX-11", "OBR-25"], ""),
    means(
        &["collection date", "collected", "collection time", "specimen date"],
        &["OBR-7", "SPM-17"],
        "specimen collection date time",
    ),
    means(&["specimen", "sample", "specimen type"], &["SPM-4", "OBR-15", "SPM"], "specimen"),
    means(&["comment", "note", "remark"], &["NTE-3", "NTE"], "comment"),
    means(&["diagnosis", "icd", "icd code", "diagnosis code"], &["DG1-3", "DG1"], "diagnosis code"),
    means(&["allergy", "allergen"], &["AL1-3", "AL1"], "allergen code"),
    means(
        &["procedure", "operation", "surgery", "procedure code", "cpt"],
        &["PR1-3", "PR1"],
        "procedure code",
    ),
    means(&["drug", "medication", "medicine"], &["RXE-2", "RXO-1", "RXA-5"], "give code"),
    means(&["vaccine", "immunization", "immunisation", "cvx"], &["RXA-5", "RXA"], "administered code"),
    means(&["lot", "lot number", "batch number"], &["RXA-15"], "lot number"),
    means(&["appointment", "appointment time"], &["SCH-11", "SCH"], "appointment timing"),
    // who pays
    means(
        &["insurance", "insurer", "payer", "insurance company"],
        &["IN1-4", "IN1-3", "IN1"],
        "insurance company name",
    ),
    means(&["policy number", "member id", "insurance number"], &["IN1-36", "IN1-49"], "policy number"),
    means(&["guarantor"], &["GT1-3", "GT1"], ""),
    // the message
    means(&["message type"], &["MSH-9"], ""),
    means(&["trigger", "event", "event type"], &["MSH-9.2", "EVN-1"], "trigger event"),
    means(&["control id", "message id", "message number"], &["MSH-10"], "message control id"),
    means(&["sender", "sending system", "sending application"], &["MSH-3", "MSH-4"], "sending application"),
    means(&["sending facility", "sending hospital", "sending institution"], &["MSH-4"], "sending facility"),
    means(
        &["receiver", "receiving system", "receiving application"],
        &["MSH-5", "MSH-6"],
        "receiving application",
    ),
    means(&["version", "hl7 version"], &["MSH-12"], "version id"),
    means(&["message time", "message date", "sent at", "timestamp"], &["MSH-7"], "date time of message"),
    means(&["charset", "character set", "encoding"], &["MSH-18"], "character set"),
    means(&["delimiters", "encoding characters"], &["MSH-2", "MSH-1"], "encoding characters"),
];
