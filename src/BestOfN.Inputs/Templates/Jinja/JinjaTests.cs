namespace BestOfN.Inputs.Templates.Jinja;

/// <summary>The tests: names that may stand after <c>is</c>.</summary>
internal static class JinjaTests
{
    public static bool Apply(string name, object? value, JinjaArguments arguments, JinjaBudget budget)
    {
        arguments.Expect($"test '{name}'", OneArgument(name) ? ["other"] : []);
        object? Other() => arguments.Need(0, "other");
        return name switch
        {
            "defined" => value is not JinjaUndefined,
            "undefined" => value is JinjaUndefined,
            "none" => value is null,
            "true" => value is true,
            "false" => value is false,
            "boolean" => value is bool,
            "string" => value is string,
            "mapping" => value is JinjaDictionary,
            "sequence" => value is string or IReadOnlyList<object?> or JinjaDictionary or JinjaUndefined,
            "iterable" => value is string or IReadOnlyList<object?> or JinjaDictionary or JinjaUndefined,
            "number" => value is long or double or bool,
            "integer" => value is long,
            "float" => value is double,
            "callable" => value is JinjaFunction,
            "odd" => Remainder(value, 2) == 1,
            "even" => Remainder(value, 2) == 0,
            "divisibleby" => Remainder(value, (long)JinjaValue.Number(Other())) == 0,
            "eq" or "equalto" or "==" => JinjaValue.AreEqual(value, Other(), budget),
            "ne" or "!=" => !JinjaValue.AreEqual(value, Other(), budget),
            "lt" or "lessthan" or "<" => JinjaValue.Compare(value, Other(), budget) < 0,
            "le" or "<=" => JinjaValue.Compare(value, Other(), budget) <= 0,
            "gt" or "greaterthan" or ">" => JinjaValue.Compare(value, Other(), budget) > 0,
            "ge" or ">=" => JinjaValue.Compare(value, Other(), budget) >= 0,
            "in" => JinjaOperators.Contains(Other(), value, budget),
            "sameas" => value is string or long or bool or null
                ? value?.GetType() == Other()?.GetType() && JinjaValue.AreEqual(value, Other(), budget) : ReferenceEquals(value, Other()),
            "lower" => JinjaCase.IsLower(budget.Text(PythonText.Of(value, budget))),
            "upper" => JinjaCase.IsUpper(budget.Text(PythonText.Of(value, budget))),
            _ => throw new JinjaException($"there is no test '{name}'"),
        };
    }

    private static bool OneArgument(string name) =>
        name is "divisibleby" or "eq" or "equalto" or "==" or "ne" or "!=" or "lt" or "lessthan" or "<" or "le" or "<="
        or "gt" or "greaterthan" or ">" or "ge" or ">=" or "in" or "sameas";

    private static long Remainder(object? value, long by) => value is not long number
        ? throw new JinjaException($"{JinjaValue.TypeOf(value)} is not an integer")
        : by is 0 or -1 ? (by == 0 ? throw new JinjaException("division by zero") : 0) : ((number % by) + by) % by;
}
