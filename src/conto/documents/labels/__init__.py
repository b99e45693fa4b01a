"""The fixed words of documents, a module a locale (chapter 72 §7)."""

from collections.abc import Mapping

from conto.documents.labels import de, en, es, fr, it, nb, pt_br, sv, zh_tw

LOCALES: Mapping[str, Mapping[str, str]] = {
    "en": en.LABELS,
    "fr": fr.LABELS,
    "nb": nb.LABELS,
    "de": de.LABELS,
    "it": it.LABELS,
    "es": es.LABELS,
    "sv": sv.LABELS,
    "pt-BR": pt_br.LABELS,
    "zh-TW": zh_tw.LABELS,
}


def labels(locale: str) -> Mapping[str, str]:
    """All labels in the locale, a `document_locale`."""
    return LOCALES[locale]
