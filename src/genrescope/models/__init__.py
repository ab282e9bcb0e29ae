"""Model files: the card inside, reading and verifying, where they are found, what runs them."""

from genrescope.models.card import card_from_json, card_to_json
from genrescope.models.file import ModelFile, read_model, save_model
from genrescope.models.index import renew_index, write_index
from genrescope.models.installed import install, remove
from genrescope.models.places import absent_folders
from genrescope.models.zoo import (
    Listing,
    default_models,
    find,
    list_models,
    namesakes,
    own_models,
    spell_out,
)

__all__ = [
    "Listing",
    "ModelFile",
    "absent_folders",
    "card_from_json",
    "card_to_json",
    "default_models",
    "find",
    "install",
    "list_models",
    "namesakes",
    "own_models",
    "read_model",
    "remove",
    "renew_index",
    "save_model",
    "spell_out",
    "write_index",
]
