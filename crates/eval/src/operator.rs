//! Operators on values.

use std::sync::Arc;

use weir_config::syntax::{BinaryOp, UnaryOp};
use weir_value::{Number, Refinement, Type, Unknown, Value, convert};

use crate::function::equality::equal;

/// What is wrong with an operation.
pub(crate) enum Fault {
    /// The left operand.
    Left(String),
    /// The right operand.
    Right(String),
    /// The operation: summary and detail.
    Whole(&'static str, &'static str),
}

pub(crate) fn binary(op: BinaryOp, left: &Value, right: &Value) -> Result<Value, Fault> {
    use BinaryOp as Op;
    let (ty, result) = match op {
        Op::Equal | Op::NotEqual => {
            let marks = left.marks_deep().union(right.marks_deep());
            let result = match equal(&left.expose("compared, the result is marked"), &right.expose("compared, the result is marked")) {
                Some(same) => Value::Bool(same == (op == Op::Equal)),
                None => unknown(Type::Bool, left, right),
            };
            return Ok(result.with_marks(marks));
        }
        Op::And | Op::Or => (Type::Bool, Type::Bool),
        Op::Less | Op::LessEqual | Op::Greater | Op::GreaterEqual => (Type::Number, Type::Bool),
        Op::Add | Op::Subtract | Op::Multiply | Op::Divide | Op::Modulo => (Type::Number, Type::Number),
    };
    let (left, left_marks) = operand(left, &ty).map_err(Fault::Left)?.unmark();
    let (right, right_marks) = operand(right, &ty).map_err(Fault::Right)?.unmark();
    let value = match (&left, &right) {
        // One side may decide alone.
        (Value::Bool(false), Value::Unknown(_)) | (Value::Unknown(_), Value::Bool(false)) if op == Op::And => Value::Bool(false),
        (Value::Bool(true), Value::Unknown(_)) | (Value::Unknown(_), Value::Bool(true)) if op == Op::Or => Value::Bool(true),
        (Value::Bool(a), Value::Bool(b)) => Value::Bool(if op == Op::And { *a && *b } else { *a || *b }),
        (Value::Number(a), Value::Number(b)) => numbers(op, a, b)?,
        _ => unknown(result, &left, &right),
    };
    Ok(value.with_marks(left_marks.union(right_marks)))
}

fn numbers(op: BinaryOp, a: &Number, b: &Number) -> Result<Value, Fault> {
    use BinaryOp as Op;
    const BY_ZERO: Fault = Fault::Whole("Division by zero", "Division by zero is not allowed.");
    let number = |number: Option<Number>| number.map(Value::Number).ok_or(BY_ZERO);
    match op {
        Op::Add => Ok(Value::Number(a.add(b))),
        Op::Subtract => Ok(Value::Number(a.subtract(b))),
        Op::Multiply => Ok(Value::Number(a.multiply(b))),
        Op::Divide => number(a.divide(b)),
        Op::Modulo => number(a.remainder(b)),
        Op::Less => Ok(Value::Bool(a < b)),
        Op::LessEqual => Ok(Value::Bool(a <= b)),
        Op::Greater => Ok(Value::Bool(a > b)),
        Op::GreaterEqual => Ok(Value::Bool(a >= b)),
        Op::And | Op::Or | Op::Equal | Op::NotEqual => Err(Fault::Whole("Invalid operation", "This operator does not take numbers.")),
    }
}

pub(crate) fn unary(op: UnaryOp, value: &Value) -> Result<Value, String> {
    let ty = if op == UnaryOp::Not { Type::Bool } else { Type::Number };
    let (value, marks) = operand(value, &ty)?.unmark();
    let result = match &value {
        Value::Bool(truth) => Value::Bool(!truth),
        Value::Number(number) => Value::Number(number.negate()),
        _ => unknown(ty, &value, &value),
    };
    Ok(result.with_marks(marks))
}

fn operand(value: &Value, ty: &Type) -> Result<Value, String> {
    if value.is_null() {
        return Err("argument must not be null".to_owned());
    }
    convert(value, ty).map_err(|error| error.to_string())
}

fn unknown(ty: Type, left: &Value, right: &Value) -> Value {
    let refinement = Refinement { not_null: true, ..Refinement::default() };
    Value::Unknown(Arc::new(Unknown { ty, refinement, cause: left.cause().or_else(|| right.cause()) }))
}
