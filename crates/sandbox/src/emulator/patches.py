"""Repairs of known gaps of the emulator, one function each.

Each is what the real API does and moto 5.2 does not; take one out when moto has it.
"""

import math
import threading
import time
from collections import Counter
from datetime import datetime, timezone

from moto.autoscaling import models, responses
from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.models.launch_templates import LaunchTemplate
from moto.ec2.models.security_groups import SecurityGroupRule
from moto.ec2.responses.launch_templates import LaunchTemplates
from moto.ec2.utils import parse_user_data
from moto.elbv2 import models as balancing
from moto.moto_api._internal import mock_random
from moto.s3.responses import S3Response

Group = models.FakeAutoScalingGroup
Backend = models.AutoScalingBackend

# How long a refresh waits for a replacement node before it goes on, in seconds.
NODE_PATIENCE = 180


def apply(lock, ready):
    """Installs all repairs; `ready` is the set of instances whose node is up, None when no nodes are played."""
    template_version_takes_user_data()
    bucket_versioning_has_its_name()
    mixed_policy_reaches_desired_capacity()
    group_launches_as_its_policy_says()
    instance_keeps_its_template_version()
    update_keeps_the_mixed_policy()
    instance_refresh(lock, ready)
    traffic_sources()
    template_keeps_its_own_tags_to_itself()
    templates_are_listed_beyond_fifteen()
    rules_of_groups_keep_their_description()
    template_tells_its_tags_of_now()
    balancers_are_named_after_their_kind()


def bucket_versioning_has_its_name():
    """moto calls the root element of this answer after the operation, which strict clients refuse."""
    original = S3Response.get_bucket_versioning

    def get_bucket_versioning(self):
        status, headers, body = original(self)
        return status, headers, body.replace("GetBucketVersioningResponse", "VersioningConfiguration")

    S3Response.get_bucket_versioning = get_bucket_versioning


def template_version_takes_user_data():
    """moto stores the user data of a later template version in a form that launching an instance then refuses."""
    original = LaunchTemplate.create_version

    def create_version(self, data, description):
        if isinstance(data.get("UserData"), str):
            data["UserData"] = parse_user_data(data["UserData"])
        return original(self, data, description)

    LaunchTemplate.create_version = create_version


def distribution(group):
    """(on-demand, total) number of instances that the group's policy asks for at its desired capacity."""
    desired = group.desired_capacity or 0
    policy = group.mixed_instances_policy
    if not policy:
        return desired, desired
    overrides = policy.get("LaunchTemplate", {}).get("Overrides") or [{}]
    weight = max(1, int(overrides[0].get("WeightedCapacity") or 1))
    rules = policy.get("InstancesDistribution") or {}
    base = min(desired, int(rules.get("OnDemandBaseCapacity") or 0))
    share = rules.get("OnDemandPercentageAboveBaseCapacity")
    share = 100 if share is None else int(share)
    on_demand = base + math.ceil((desired - base) * share / 100)
    return math.ceil(on_demand / weight), math.ceil(desired / weight)


def mixed_policy_reaches_desired_capacity():
    """moto rounds the on-demand and the spot share down, each for itself, and so launches too few."""

    def set_desired_capacity(self, new_capacity):
        self.desired_capacity = self.min_size if new_capacity is None else new_capacity
        missing = distribution(self)[1] - len(self.active_instances())
        if missing > 0:
            self.replace_autoscaling_group_instances(missing, self.get_propagated_tags())
        elif missing < 0:
            victims = [s for s in self.instance_states if not s.protected_from_scale_in][:-missing]
            self.instance_states = [s for s in self.instance_states if s not in victims]
            if victims:
                self.autoscaling_backend.ec2_backend.terminate_instances([s.instance.id for s in victims])
        if self.name in self.autoscaling_backend.autoscaling_groups:
            self.autoscaling_backend.update_attached_elbs(self.name)
            self.autoscaling_backend.update_attached_target_groups(self.name)

    Group.set_desired_capacity = set_desired_capacity


def group_launches_as_its_policy_says():
    """moto launches all into the first subnet, from the template's default version, none of them spot, and lets
    the template's tags hide the tag with the group's name."""

    def launch(self, count_needed, propagated_tags):
        tags = {**propagated_tags, **self.instance_tags, models.ASG_NAME_TAG: self.name}
        subnets = self.vpc_zone_identifier.split(",") if self.vpc_zone_identifier else [None]
        zones = self.availability_zones
        overrides = ((self.mixed_instances_policy or {}).get("LaunchTemplate") or {}).get("Overrides") or []
        kinds = [o["InstanceType"] for o in overrides if o.get("InstanceType")] or [self.instance_type]
        template = None
        if self.ec2_launch_template:
            version = self.ec2_launch_template.get_version(self.launch_template_version)
            template = {"LaunchTemplateId": self.ec2_launch_template.id, "Version": version.number}
        for _ in range(count_needed):
            used = Counter(s.instance._subnet_id if subnets[0] else s.availability_zone for s in self.instance_states)
            place = min(range(len(zones)), key=lambda i: used[subnets[i] if subnets[0] else zones[i]])
            kinds_used = Counter(s.instance.instance_type for s in self.instance_states)
            on_demand = sum(1 for s in self.instance_states if s.instance.lifecycle != "spot")
            reservation = self.autoscaling_backend.ec2_backend.run_instances(
                self.image_id,
                1,
                self.user_data,
                self.security_groups,
                instance_type=min(kinds, key=lambda k: kinds_used[k]),
                tags={"instance": tags},
                region_name=self.region,
                placement=zones[place],
                launch_config=self.launch_config,
                launch_template=template,
                is_instance_type_default=False,
                associate_public_ip=self.launch_config.associate_public_ip_address if self.launch_config else None,
                subnet_id=subnets[place] if subnets[0] else None,
                lifecycle=None if on_demand < distribution(self)[0] else "spot",
            )
            for instance in reservation.instances:
                instance.autoscaling_group = self
                self.instance_states.append(
                    models.InstanceState(instance, protected_from_scale_in=self.new_instances_protected_from_scale_in)
                )

    Group.replace_autoscaling_group_instances = launch


def instance_keeps_its_template_version():
    """moto reports the template's default version of now, not the version that the instance was launched from."""

    def launch_template(self):
        template = self.auto_scaling_group.ec2_launch_template if self.auto_scaling_group else None
        if template is None:
            return None
        number = next(
            (t["value"] for t in self.instance.get_tags() if t["key"] == "aws:ec2launchtemplate:version"),
            template.default_version_number,
        )
        return {"LaunchTemplateId": template.id, "LaunchTemplateName": template.name, "Version": str(number)}

    models.InstanceState.launch_template = property(launch_template)


def update_keeps_the_mixed_policy():
    """moto forgets the mixed instances policy when an update does not name it."""
    original = Group.update

    def update(self, *args, mixed_instances_policy=None, launch_template=None, launch_config_name=None, **kwargs):
        if self.mixed_instances_policy and not (mixed_instances_policy or launch_template or launch_config_name):
            mixed_instances_policy = self.mixed_instances_policy
            # moto stores the template's id and name, and takes only one of them.
            mixed_instances_policy["LaunchTemplate"]["LaunchTemplateSpecification"].pop("LaunchTemplateName", None)
        return original(
            self,
            *args,
            mixed_instances_policy=mixed_instances_policy,
            launch_template=launch_template,
            launch_config_name=launch_config_name,
            **kwargs,
        )

    Group.update = update


class RefreshFault(models.AutoscalingClientError):
    """An error of the instance refresh calls, with the API's code."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def instance_refresh(lock, ready):
    """moto has no instance refresh: here it replaces the instances one by one and ends Successful."""

    running = ("Pending", "InProgress", "Cancelling")

    def refreshes(backend, name):
        if name not in backend.autoscaling_groups:
            raise models.ValidationError(f"AutoScalingGroup name not found - {name}")
        return backend.__dict__.setdefault("weir_refreshes", {}).setdefault(name, [])

    def active(backend, name):
        return next((r for r in refreshes(backend, name) if r["Status"] in running), None)

    def roll(backend, group, refresh, old, warmup):
        """Replaces the instances `old`; the lock is held only while the models are touched."""
        for number, instance_id in enumerate(old, 1):
            with lock:
                if refresh["Status"] == "Cancelling":
                    refresh.update(Status="Cancelled", EndTime=datetime.now(timezone.utc))
                    return
                before = {s.instance.id for s in group.instance_states}
                if instance_id in before:
                    # The group launches the replacement of a member that is terminated.
                    backend.ec2_backend.terminate_instances([instance_id])
                    backend.notify_terminate_instances([instance_id])
                    backend.update_attached_target_groups(group.name)
                fresh = {s.instance.id for s in group.instance_states} - before
            # As the real one, it goes on when the replacement is healthy and its warm-up is over. A cluster may need that
            # time to forget the lost member; without nodes there is nothing to wait for.
            warm = time.monotonic() + warmup
            deadline = max(warm, time.monotonic() + NODE_PATIENCE)
            while ready is not None and time.monotonic() < (warm if fresh <= ready else deadline):
                if refresh["Status"] == "Cancelling" or group.name not in backend.autoscaling_groups:
                    break
                time.sleep(0.2)
            with lock:
                refresh["InstancesToUpdate"] = len(old) - number
                refresh["PercentageComplete"] = 100 * number // len(old)
        with lock:
            refresh.update(
                Status="Successful", EndTime=datetime.now(timezone.utc), PercentageComplete=100, InstancesToUpdate=0
            )

    def start_instance_refresh(self):
        backend, name = self.autoscaling_backend, self._get_param("AutoScalingGroupName")
        if active(backend, name):
            raise RefreshFault("InstanceRefreshInProgress", "An Instance Refresh is already in progress and blocks this one.")
        group = backend.autoscaling_groups[name]
        preferences = self._get_param("Preferences", {}) or {}
        wanted = self._get_param("DesiredConfiguration", {}) or {}
        if wanted.get("MixedInstancesPolicy"):
            group.mixed_instances_policy = wanted["MixedInstancesPolicy"]
        if wanted:
            group._set_launch_configuration(None, wanted.get("LaunchTemplate"), wanted.get("MixedInstancesPolicy"))
        states = list(group.instance_states)
        if str(preferences.get("SkipMatching", "")).lower() == "true" and group.ec2_launch_template:
            current = str(group.ec2_launch_template.get_version(group.launch_template_version).number)
            states = [s for s in states if s.launch_template["Version"] != current]
        refresh = {
            "InstanceRefreshId": str(mock_random.uuid4()),
            "AutoScalingGroupName": name,
            "Status": "InProgress",
            "StartTime": datetime.now(timezone.utc),
            "PercentageComplete": 0,
            "InstancesToUpdate": len(states),
            "Preferences": preferences,
        }
        if wanted:
            refresh["DesiredConfiguration"] = wanted
        refreshes(backend, name).insert(0, refresh)
        old = [s.instance.id for s in states]
        warmup = int(preferences.get("InstanceWarmup") or 0)
        threading.Thread(target=roll, args=(backend, group, refresh, old, warmup), daemon=True).start()
        return ActionResult({"InstanceRefreshId": refresh["InstanceRefreshId"]})

    def describe_instance_refreshes(self):
        wanted = self._get_param("InstanceRefreshIds", [])
        found = refreshes(self.autoscaling_backend, self._get_param("AutoScalingGroupName"))
        return ActionResult({"InstanceRefreshes": [r for r in found if not wanted or r["InstanceRefreshId"] in wanted]})

    def cancel_instance_refresh(self):
        refresh = active(self.autoscaling_backend, self._get_param("AutoScalingGroupName"))
        if refresh is None:
            raise RefreshFault("ActiveInstanceRefreshNotFound", "No in progress or pending Instance Refresh found.")
        refresh["Status"] = "Cancelling"
        return ActionResult({"InstanceRefreshId": refresh["InstanceRefreshId"]})

    for call in (start_instance_refresh, describe_instance_refreshes, cancel_instance_refresh):
        setattr(responses.AutoScalingResponse, call.__name__, call)


def traffic_sources():
    """moto has no traffic sources: target groups are attached as it knows them, all others are only recorded."""

    def kind_of(identifier):
        if ":targetgroup/" in identifier:
            return "elbv2" if ":elasticloadbalancing:" in identifier else "vpc-lattice"
        return "elb"

    def parsed(sources):
        return [{"Identifier": s["Identifier"], "Type": s.get("Type") or kind_of(s["Identifier"])} for s in sources or []]

    def all_of(group):
        found = [{"Identifier": arn, "Type": "elbv2"} for arn in group.target_group_arns]
        return found + group.__dict__.get("weir_sources", [])

    def group_of(response):
        backend, name = response.autoscaling_backend, response._get_param("AutoScalingGroupName")
        if name not in backend.autoscaling_groups:
            raise models.ValidationError(f"AutoScalingGroup name not found - {name}")
        return backend, backend.autoscaling_groups[name]

    def attach(backend, group, sources):
        balanced = [s["Identifier"] for s in sources if s["Type"] == "elbv2"]
        if balanced:
            backend.attach_load_balancer_target_groups(group.name, balanced)
        others = group.__dict__.setdefault("weir_sources", [])
        others.extend(s for s in sources if s["Type"] != "elbv2" and s not in others)

    def attach_traffic_sources(self):
        attach(*group_of(self), parsed(self._get_param("TrafficSources", [])))
        return EmptyResult()

    def detach_traffic_sources(self):
        backend, group = group_of(self)
        sources = parsed(self._get_param("TrafficSources", []))
        if missing := [s for s in sources if s not in all_of(group)]:
            raise models.ValidationError(f"Traffic source {missing[0]['Identifier']} is not attached to {group.name}")
        balanced = [s["Identifier"] for s in sources if s["Type"] == "elbv2"]
        for arn in balanced:
            group.target_group_arns = [a for a in group.target_group_arns if a != arn]
            target_group = backend.elbv2_backend.target_groups.get(arn)
            members = {s.instance.id for s in group.instance_states}
            if target_group:
                target_group.deregister([{"Id": i} for i in list(target_group.targets) if i in members])
        group.__dict__["weir_sources"] = [s for s in group.__dict__.get("weir_sources", []) if s not in sources]
        return EmptyResult()

    def describe_traffic_sources(self):
        wanted = self._get_param("TrafficSourceType")
        _, group = group_of(self)
        return ActionResult(
            {
                "TrafficSources": [
                    {**s, "TrafficSource": s["Identifier"], "State": "InService" if group.active_instances() else "Added"}
                    for s in all_of(group)
                    if not wanted or s["Type"] == wanted
                ]
            }
        )

    create = responses.AutoScalingResponse.create_auto_scaling_group

    def create_auto_scaling_group(self):
        answer = create(self)
        sources = parsed(self._get_param("TrafficSources", []))
        if sources:
            attach(*group_of(self), sources)
        return answer

    for call in (attach_traffic_sources, detach_traffic_sources, describe_traffic_sources, create_auto_scaling_group):
        setattr(responses.AutoScalingResponse, call.__name__, call)
    Group.traffic_sources = property(all_of)


def template_keeps_its_own_tags_to_itself():
    """moto mixes the tags of a template into the data from which its first version launches instances."""
    original = LaunchTemplate.__init__

    def __init__(self, backend, name, template_data, version_description, tag_spec):
        specifications = template_data.get("TagSpecifications")
        if specifications:
            kept = [s for s in specifications if s.get("ResourceType") != "launch-template"]
            template_data = {k: v for k, v in template_data.items() if k != "TagSpecifications"}
            if kept:
                template_data["TagSpecifications"] = kept
        original(self, backend, name, template_data, version_description, tag_spec)

    LaunchTemplate.__init__ = __init__


def templates_are_listed_beyond_fifteen():
    """moto ends the listings of templates and of their versions after fifteen and gives no token to go on."""

    def unlimited(original):
        def describe(self):
            getter = self._get_int_param
            self._get_int_param = lambda name, default=None: 10**6 if name == "MaxResults" else getter(name, default)
            try:
                return original(self)
            finally:
                del self._get_int_param

        return describe

    for name in ("describe_launch_templates", "describe_launch_template_versions"):
        setattr(LaunchTemplates, name, unlimited(getattr(LaunchTemplates, name)))


def rules_of_groups_keep_their_description():
    """moto tells the description of a rule only when its other side is a range of addresses."""
    original = SecurityGroupRule.description.fget
    SecurityGroupRule.description = property(lambda self: original(self) or (self.source_group or {}).get("Description"))


def template_tells_its_tags_of_now():
    """moto tells the tags that a template was created with, whatever became of them."""
    LaunchTemplate.tags = property(lambda self: self.get_tags(), lambda self, tags: None)


def balancers_are_named_after_their_kind():
    """moto gives every load balancer the ARN of one for requests."""
    original, plain = balancing.ELBv2Backend.create_load_balancer, balancing.make_arn_for_load_balancer

    def create_load_balancer(self, *args, loadbalancer_type=None, **kwargs):
        kind = {"network": "net", "gateway": "gwy"}.get(loadbalancer_type, "app")
        balancing.make_arn_for_load_balancer = lambda **names: plain(**names).replace("/app/", f"/{kind}/", 1)
        try:
            return original(self, *args, loadbalancer_type=loadbalancer_type, **kwargs)
        finally:
            balancing.make_arn_for_load_balancer = plain

    balancing.ELBv2Backend.create_load_balancer = create_load_balancer
