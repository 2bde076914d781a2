# What a node may do in AWS, and who may talk to it.

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "node" {
  statement {
    sid       = "FindTheOtherNodes"
    actions   = ["ec2:DescribeInstances"]
    resources = ["*"]
  }

  statement {
    sid       = "Unseal"
    actions   = ["kms:Encrypt", "kms:Decrypt", "kms:DescribeKey"]
    resources = [aws_kms_key.unseal.arn]
  }

  statement {
    sid       = "ReadTls"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [module.server_cert.secret_arn]
  }
}

resource "aws_iam_role" "node" {
  name               = "${var.name}-node"
  description        = "Nodes of ${var.name}"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy" "node" {
  name   = "node"
  role   = aws_iam_role.node.id
  policy = data.aws_iam_policy_document.node.json
}

resource "aws_iam_role_policy_attachment" "ssm" {
  count = var.enable_ssm ? 1 : 0

  role       = aws_iam_role.node.name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/AmazonSSMManagedInstanceCore"
}

resource "aws_iam_instance_profile" "node" {
  name = "${var.name}-node"
  role = aws_iam_role.node.name
}

resource "aws_security_group" "lb" {
  name        = "${var.name}-lb"
  description = "Load balancer of ${var.name}"
  vpc_id      = var.vpc_id

  tags = { Name = "${var.name}-lb" }
}

resource "aws_vpc_security_group_ingress_rule" "lb_clients" {
  for_each = toset(var.client_cidrs)

  security_group_id = aws_security_group.lb.id
  description       = "Vault API from the private network"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 8200
  to_port           = 8200
}

resource "aws_vpc_security_group_egress_rule" "lb_nodes" {
  security_group_id            = aws_security_group.lb.id
  description                  = "Vault API and health checks of the nodes"
  referenced_security_group_id = aws_security_group.node.id
  ip_protocol                  = "tcp"
  from_port                    = 8200
  to_port                      = 8200
}

resource "aws_security_group" "node" {
  name        = "${var.name}-node"
  description = "Nodes of ${var.name}"
  vpc_id      = var.vpc_id

  tags = { Name = "${var.name}-node" }
}

resource "aws_vpc_security_group_ingress_rule" "node_lb" {
  security_group_id            = aws_security_group.node.id
  description                  = "Vault API from the load balancer"
  referenced_security_group_id = aws_security_group.lb.id
  ip_protocol                  = "tcp"
  from_port                    = 8200
  to_port                      = 8200
}

# The load balancer keeps the client's address (audit log and CIDR-bound roles need it), so clients have to be let in here too.
resource "aws_vpc_security_group_ingress_rule" "node_clients" {
  for_each = toset(var.client_cidrs)

  security_group_id = aws_security_group.node.id
  description       = "Vault API from the private network"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 8200
  to_port           = 8200
}

resource "aws_vpc_security_group_ingress_rule" "node_peers" {
  security_group_id            = aws_security_group.node.id
  description                  = "API (8200, to join) and cluster (8201) among the nodes"
  referenced_security_group_id = aws_security_group.node.id
  ip_protocol                  = "tcp"
  from_port                    = 8200
  to_port                      = 8201
}

resource "aws_vpc_security_group_egress_rule" "node_peers" {
  security_group_id            = aws_security_group.node.id
  description                  = "API and cluster among the nodes"
  referenced_security_group_id = aws_security_group.node.id
  ip_protocol                  = "tcp"
  from_port                    = 8200
  to_port                      = 8201
}

resource "aws_vpc_security_group_egress_rule" "node_https" {
  security_group_id = aws_security_group.node.id
  description       = "AWS APIs, packages and the server's release"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}
