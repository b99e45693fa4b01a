"""An invoice's data inside its PDF: a Factur-X document, still PDF/A-3."""

import facturx

PROFILE = "en16931"


def embedded(pdf: bytes, cii: bytes, *, title: str, author: str, subject: str, language: str) -> bytes:
    """The PDF with the data attached as `factur-x.xml`, and told of in its metadata.

    Raises:
        Exception: the data is not valid against the profile's schema.
    """
    return facturx.generate_from_binary(
        pdf,
        cii,
        flavor="factur-x",
        level=PROFILE,
        check_xsd=True,
        # It would be asked of a server of its own; without one it says that all is well.
        check_schematron=False,
        pdf_metadata={"title": title, "author": author, "subject": subject, "keywords": "Factur-X"},
        lang=language,
        afrelationship="alternative",
    )
