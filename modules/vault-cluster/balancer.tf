locals {
  # What a node answers, as the load balancer is to take it: standby nodes forward, so they serve as well.
  health_path = "/v1/sys/health?standbyok=true&perfstandbyok=true${var.initialised ? "" : "&uninitcode=200&sealedcode=200"}"
}

resource "aws_lb" "this" {
  name                             = var.name
  internal                         = true
  load_balancer_type               = "network"
  subnets                          = var.subnet_ids
  security_groups                  = [aws_security_group.lb.id]
  enable_cross_zone_load_balancing = true

  tags = { Name = var.name }
}

resource "aws_lb_target_group" "this" {
  name                 = var.name
  vpc_id               = var.vpc_id
  target_type          = "instance"
  protocol             = "TCP"
  port                 = 8200
  deregistration_delay = 30
  preserve_client_ip   = true

  health_check {
    protocol            = "HTTPS"
    port                = "traffic-port"
    path                = local.health_path
    matcher             = "200"
    interval            = 10
    timeout             = 6
    healthy_threshold   = 2
    unhealthy_threshold = 3
  }
}

resource "aws_lb_listener" "this" {
  load_balancer_arn = aws_lb.this.arn
  protocol          = "TCP"
  port              = 8200

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this.arn
  }
}

resource "aws_autoscaling_traffic_source_attachment" "this" {
  autoscaling_group_name = aws_autoscaling_group.this.name

  traffic_source {
    type       = "elbv2"
    identifier = aws_lb_target_group.this.arn
  }
}

resource "aws_route53_record" "this" {
  zone_id = var.zone_id
  name    = var.server_name
  type    = "A"

  alias {
    name                   = aws_lb.this.dns_name
    zone_id                = aws_lb.this.zone_id
    evaluate_target_health = true
  }
}
