data "aws_ami" "this" {
  most_recent = true
  owners      = var.ami_owners

  filter {
    name   = "architecture"
    values = [var.architecture]
  }

  dynamic "filter" {
    for_each = var.ami_id == null ? { name = var.ami_name } : { image-id = var.ami_id }

    content {
      name   = filter.key
      values = [filter.value]
    }
  }
}

resource "aws_launch_template" "this" {
  name                   = var.name
  description            = "Nodes of ${var.name}"
  update_default_version = true
  image_id               = data.aws_ami.this.id
  vpc_security_group_ids = [aws_security_group.node.id]
  user_data              = base64encode(local.user_data)

  iam_instance_profile {
    arn = aws_iam_instance_profile.node.arn
  }

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  monitoring {
    enabled = true
  }

  block_device_mappings {
    device_name = data.aws_ami.this.root_device_name

    ebs {
      volume_type           = "gp3"
      volume_size           = var.root_volume_gib
      encrypted             = true
      delete_on_termination = true
    }
  }

  dynamic "tag_specifications" {
    for_each = toset(["instance", "volume"])

    content {
      resource_type = tag_specifications.value
      tags          = local.instance_tags
    }
  }

  lifecycle {
    precondition {
      condition     = length(local.user_data) <= 16384
      error_message = "User data is ${length(local.user_data)} bytes; EC2 takes 16384."
    }

    precondition {
      condition     = local.vault_sha256 != ""
      error_message = "No SHA-256 is known for ${local.sha256_key}: set vault_sha256 from the release's signed list."
    }
  }
}

resource "aws_autoscaling_group" "this" {
  name                      = var.name
  min_size                  = var.cluster_size
  max_size                  = var.cluster_size
  desired_capacity          = var.cluster_size
  vpc_zone_identifier       = var.subnet_ids
  health_check_type         = "ELB"
  health_check_grace_period = var.health_check_grace_seconds
  capacity_rebalance        = true
  wait_for_capacity_timeout = var.wait_for_capacity_timeout

  mixed_instances_policy {
    instances_distribution {
      on_demand_base_capacity                  = var.on_demand_base
      on_demand_percentage_above_base_capacity = 0
      spot_allocation_strategy                 = "price-capacity-optimized"
    }

    launch_template {
      launch_template_specification {
        launch_template_id = aws_launch_template.this.id
        version            = aws_launch_template.this.latest_version
      }

      dynamic "override" {
        for_each = var.instance_requirements == null ? var.instance_types : []

        content {
          instance_type = override.value
        }
      }

      dynamic "override" {
        for_each = var.instance_requirements == null ? [] : [var.instance_requirements]

        content {
          instance_requirements {
            burstable_performance = "excluded"
            local_storage         = override.value.local_storage
            local_storage_types   = override.value.local_storage == "excluded" ? null : ["ssd"]

            vcpu_count {
              min = override.value.vcpu_min
              max = override.value.vcpu_max
            }

            memory_mib {
              min = override.value.memory_mib_min
              max = override.value.memory_mib_max
            }
          }
        }
      }
    }
  }

  # One node at a time: the rest is a quorum. A cluster of one has none to keep.
  instance_refresh {
    strategy = "Rolling"

    preferences {
      min_healthy_percentage = floor(100 * (var.cluster_size - 1) / var.cluster_size)
      instance_warmup        = 120
      skip_matching          = true
      auto_rollback          = true
    }
  }

  dynamic "tag" {
    for_each = local.instance_tags

    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = true
    }
  }

  # A node that starts before its certificate, rights or ways exist only waits; so let it start when they do.
  depends_on = [
    module.server_cert,
    aws_iam_role_policy.node,
    aws_vpc_security_group_ingress_rule.node_peers,
    aws_vpc_security_group_egress_rule.node_peers,
    aws_vpc_security_group_egress_rule.node_https,
  ]
}
