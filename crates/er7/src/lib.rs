//! ER7 text: split, canonical bytes, correct, parse, findings, JSON, HL7 dictionary. Pure: no I/O
