"""The REST API: ``create_app(studio, settings)`` in `genrescope.apps.api.app`.

Pages are mounted on it by ``genrescope.apps.web.mount(app, studio, settings)``, which answers
every path outside ``/api``.
"""
