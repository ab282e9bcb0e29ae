"""Why a model says what it says: where its evidence lies, and what would change its mind."""
