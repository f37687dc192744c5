"""docker-compose.yaml: it fits the specification, and says the same as `stack up`."""

import json
import re
from datetime import UTC, datetime
from importlib.resources import files

import jsonschema
import pytest
import yaml

from stack.home import REPOSITORY, compose_variables

TEXT = (REPOSITORY / "docker-compose.yaml").read_text()
COMPOSE = yaml.safe_load(TEXT)
SERVICES = COMPOSE["services"]
OURS = {name for name, service in SERVICES.items() if service["image"] == "ecompulse:local"}
# Of `stack up` alone: where it keeps jars is the image's business.
ONLY_LOCAL = set()


def test_it_is_valid_by_the_compose_specification():
    schema = json.loads(files("check_jsonschema").joinpath("builtin_schemas/vendor/compose-spec.json").read_text())
    jsonschema.validators.validator_for(schema)(schema).validate(COMPOSE)


def test_the_specification_would_have_found_a_mistake():
    schema = json.loads(files("check_jsonschema").joinpath("builtin_schemas/vendor/compose-spec.json").read_text())
    wrong = {"services": {"kafka": {"image": "a", "portz": ["1"]}}}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validators.validator_for(schema)(schema).validate(wrong)


def test_airflow_gets_every_variable_that_stack_up_gives(site):
    theirs = set(SERVICES["airflow-scheduler"]["environment"])
    assert set(site.environment) - theirs == ONLY_LOCAL
    assert theirs - set(site.environment) == {"MARQUEZ_WEB_URL"}


@pytest.mark.parametrize(
    "name", ["LAKE", "KAFKA", "WAREHOUSE", "CACHE", "SHOP", "SLACK", "SMTP", "SPARK"], ids=str.lower
)
def test_each_connection_has_the_same_fields_as_with_stack_up(site, name):
    key = f"AIRFLOW_CONN_{name}_DEFAULT"
    theirs, ours = json.loads(SERVICES["airflow-api"]["environment"][key]), json.loads(site.environment[key])
    assert set(theirs) == set(ours)
    assert set(theirs.get("extra", {})) == set(ours.get("extra", {}))


def test_the_lineage_backend_is_the_real_marquez():
    assert SERVICES["marquez"]["image"] == "marquezproject/marquez:0.51.1"
    assert SERVICES["marquez-web"]["image"] == "marquezproject/marquez-web:0.51.1"
    assert "./marquez/marquez.yml:/etc/marquez/marquez.yml:ro" in SERVICES["marquez"]["volumes"]


def test_every_setting_that_the_servers_configuration_wants_from_outside_is_given():
    wanted = set(re.findall(r"\$\{([A-Z_]+)\}", (REPOSITORY / "marquez" / "marquez.yml").read_text()))
    assert wanted <= set(SERVICES["marquez"]["environment"])


def test_every_file_that_is_mounted_or_built_from_is_in_the_repository():
    mounted = [
        one.split(":")[0] for service in SERVICES.values() for one in service.get("volumes", ()) if one[0] == "."
    ]
    copied = re.findall(r"COPY --chown=\S+ (.+) \S+", (REPOSITORY / "stack" / "Dockerfile").read_text())
    names = [*mounted, *(name for line in copied for name in line.split())]
    assert len(names) >= 10
    assert [name for name in names if not (REPOSITORY / name).exists()] == []


def test_one_variable_points_the_pipeline_at_another_backend():
    environment = SERVICES["airflow-scheduler"]["environment"]
    mentions = [key for key, value in environment.items() if "marquez:5000" in str(value)]
    assert mentions == ["MARQUEZ_URL", "AIRFLOW__OPENLINEAGE__TRANSPORT"]
    assert all("${MARQUEZ_URL:-http://marquez:5000}" in environment[key] for key in mentions)


def test_nothing_is_published_beyond_this_machine():
    published = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert len(published) >= 6
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_the_variables_it_insists_on_are_those_that_stack_secrets_prints():
    used = set(re.findall(r"\$\{([A-Z0-9_]+)", TEXT))
    optional = set(re.findall(r"\$\{([A-Z0-9_]+):-", TEXT))
    printed = {line.split("=")[0] for line in compose_variables(datetime.now(UTC)).splitlines()}
    assert used - optional == printed


def test_no_password_is_written_in_the_file():
    secrets = re.findall(r"(?:PASSWORD|SECRET\w*|_KEY): (\S+)", TEXT)
    assert len(secrets) >= 6
    assert all(value.startswith("${") for value in secrets)


def test_whoever_is_waited_for_healthy_has_a_health_check():
    for service in SERVICES.values():
        for name, terms in service.get("depends_on", {}).items():
            assert terms["condition"] != "service_healthy" or "healthcheck" in SERVICES[name], name


def test_the_memory_limits_leave_room_on_a_machine_of_24_gib():
    def megabytes(text):
        return int(text[:-1]) * {"m": 1, "g": 1024}[text[-1]]

    running = {name: one for name, one in SERVICES.items() if name != "airflow-init"}
    assert sum(megabytes(service["mem_limit"]) for service in running.values()) < 22 * 1024
