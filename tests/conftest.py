"""What every test shares: how hard Hypothesis tries."""

import os

from hypothesis import settings

# No deadlines: a timing belongs in a benchmark. `make laws` asks for the thorough profile.
settings.register_profile("quick", settings.default, deadline=None)
settings.register_profile("thorough", settings.default, deadline=None, max_examples=1_000)
settings.load_profile(os.environ.get("FLOWAI_LAWS", "quick"))
