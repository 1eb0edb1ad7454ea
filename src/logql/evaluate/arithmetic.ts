import type { ArithmeticOperator, ComparisonOperator } from '../metric-syntax.ts'

/** What an operator makes of two numbers; of a comparison 0 or 1. As in Loki, division by zero is not a number. */
export function compute(symbol: ArithmeticOperator | ComparisonOperator, left: number, right: number): number {
  switch (symbol) {
    case '+':
      return left + right
    case '-':
      return left - right
    case '*':
      return left * right
    case '/':
      return right === 0 ? Number.NaN : left / right
    case '%':
      return left % right
    case '^':
      return power(left, right)
    default:
      return isTrue(symbol, left, right) ? 1 : 0
  }
}

export function isTrue(symbol: ComparisonOperator, left: number, right: number): boolean {
  switch (symbol) {
    case '==':
      return left === right
    case '!=':
      return left !== right
    case '>':
      return left > right
    case '>=':
      return left >= right
    case '<':
      return left < right
    default:
      return left <= right
  }
}

/** As Go has it: 1 to the power of anything is 1, as is -1 to that of infinity. */
function power(base: number, exponent: number): number {
  if (base === 1 || (base === -1 && Math.abs(exponent) === Infinity)) return 1
  return base ** exponent
}
