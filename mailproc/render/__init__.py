"""Templates and values to the subject, text and HTML of a mail; reads template files, decides nothing.

jinja2 is imported when the first template is loaded, so that importing this room costs nothing.
"""

from mailproc.render.renderer import Rendered, Renderer
from mailproc.render.variables import OPTIONAL, VARIABLES, build_context

__all__ = ["OPTIONAL", "VARIABLES", "Rendered", "Renderer", "build_context"]
