"""Talks to a server through the client that openapi-python-client has generated from its document.

Arguments: the folder with the package `tallyman_client`, the address of the server, and a token.
"""

import sys

folder, address, token = sys.argv[1:]
sys.path.insert(0, folder)

from tallyman_client import AuthenticatedClient
from tallyman_client.api.builds import builds_get, builds_history, builds_list
from tallyman_client.api.roster import groups_create, groups_get, groups_list
from tallyman_client.api.service import info
from tallyman_client.models import GroupFields, Problem

client = AuthenticatedClient(base_url=address, token=token, raise_on_unexpected_status=True)

assert info.sync(client=client).name == "tallyman"

build = builds_get.sync("4711", client=client)
assert build.status == "running", build
assert [item.build_id for item in builds_list.sync(client=client, status="running").items] == [4711]
history = builds_history.sync("4711", client=client)
assert [item.type_ for item in history.items] == ["build.reported"], history

made = groups_create.sync(client=client, body=GroupFields(name="builders"))
assert made.name == "builders", made
assert groups_get.sync(made.id, client=client).name == "builders"
assert [group.name for group in groups_list.sync(client=client, limit=10).items] == ["builders"]

# A refusal is a typed value as well.
problem = groups_create.sync(client=client, body=GroupFields(name=" "))
assert isinstance(problem, Problem) and problem.status == 400, problem
problem = builds_get.sync("12", client=client)
assert isinstance(problem, Problem) and problem.status == 404, problem

print("done")
