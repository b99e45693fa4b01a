"""The charge models: what a charge's aggregated units come to (chapter 40). One module a model."""
