using System.Text.Json;
using System.Text.Json.Nodes;

namespace BestOfN.Testing.Schemas;

/// <summary>OpenAI's published schemas, read in place where the folder of third-party data is present.</summary>
public sealed class OpenAISchemas
{
    private readonly JsonObject _schemas;

    private OpenAISchemas(JsonObject schemas) => _schemas = schemas;

    /// <summary>Null where the data is absent.</summary>
    public static OpenAISchemas? Instance { get; } = Load();

    public const string Absence =
        "OpenAI's schemas are absent: shared/data/openai-openapi/schemas.json stands beside no folder above the tests.";

    /// <returns>The violations, each with its place in the value; empty if the value is valid.</returns>
    public IReadOnlyList<string> Validate(string schema, JsonNode? value)
    {
        List<string> problems = [];
        Check(_schemas[schema]!.AsObject(), value, "$", problems);
        return problems;
    }

    private static OpenAISchemas? Load()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var file = Path.Combine(folder.FullName, "shared", "data", "openai-openapi", "schemas.json");
            if (File.Exists(file))
            {
                return new(JsonNode.Parse(File.ReadAllText(file))!["components"]!["schemas"]!.AsObject());
            }
        }

        return null;
    }

    private void Check(JsonObject schema, JsonNode? value, string place, List<string> problems)
    {
        if (value is null && schema["nullable"]?.GetValue<bool>() is true)
        {
            return;
        }

        if (schema["$ref"] is { } reference)
        {
            Check(_schemas[reference.GetValue<string>().Split('/')[^1]]!.AsObject(), value, place, problems);
        }

        CheckCombinations(schema, value, place, problems);
        if (schema["type"] is { } type && !Types(type).Any(name => HasType(value, name)))
        {
            problems.Add($"{place}: {value?.ToJsonString() ?? "null"} is not of type {type.ToJsonString()}");
            return;
        }

        if (schema["enum"] is JsonArray allowed && !allowed.Any(each => JsonNode.DeepEquals(each, value)))
        {
            problems.Add($"{place}: {value?.ToJsonString() ?? "null"} is not one of {allowed.ToJsonString()}");
        }

        if (schema.TryGetPropertyValue("const", out var constant) && !JsonNode.DeepEquals(constant, value))
        {
            problems.Add($"{place}: is not {constant?.ToJsonString()}");
        }

        if (value is JsonObject fields)
        {
            CheckFields(schema, fields, place, problems);
        }
        else if (value is JsonArray items && schema["items"] is JsonObject itemSchema)
        {
            foreach (var (index, item) in items.Index())
            {
                Check(itemSchema, item, $"{place}[{index}]", problems);
            }
        }
    }

    private void CheckCombinations(JsonObject schema, JsonNode? value, string place, List<string> problems)
    {
        int Matches(JsonArray options) => options.Count(option => IsValid(option!.AsObject(), value));

        if (schema["anyOf"] is JsonArray any && Matches(any) == 0)
        {
            problems.Add($"{place}: matches none of anyOf");
        }

        if (schema["oneOf"] is JsonArray one && Matches(one) != 1)
        {
            problems.Add($"{place}: matches {Matches(one)} of oneOf");
        }

        if (schema["allOf"] is JsonArray all)
        {
            foreach (var part in all)
            {
                Check(part!.AsObject(), value, place, problems);
            }
        }
    }

    private void CheckFields(JsonObject schema, JsonObject fields, string place, List<string> problems)
    {
        foreach (var name in (schema["required"] as JsonArray ?? []).Select(name => name!.GetValue<string>())
            .Where(name => !fields.ContainsKey(name)))
        {
            problems.Add($"{place}: '{name}' is missing");
        }

        var properties = schema["properties"] as JsonObject;
        foreach (var (name, value) in fields)
        {
            if (properties?[name] is JsonObject property)
            {
                Check(property, value, $"{place}.{name}", problems);
            }
            else if (schema["additionalProperties"] is JsonObject additional)
            {
                Check(additional, value, $"{place}.{name}", problems);
            }
            else if (schema["additionalProperties"] is JsonValue closed && closed.GetValueKind() is JsonValueKind.False)
            {
                problems.Add($"{place}: '{name}' is not allowed");
            }
        }
    }

    private bool IsValid(JsonObject schema, JsonNode? value)
    {
        List<string> problems = [];
        Check(schema, value, "$", problems);
        return problems.Count == 0;
    }

    private static IEnumerable<string> Types(JsonNode type) =>
        type is JsonArray several ? several.Select(each => each!.GetValue<string>()) : [type.GetValue<string>()];

    private static bool HasType(JsonNode? value, string type) => (type, value?.GetValueKind() ?? JsonValueKind.Null) switch
    {
        ("object", JsonValueKind.Object) or ("array", JsonValueKind.Array)
            or ("string", JsonValueKind.String) or ("number", JsonValueKind.Number)
            or ("boolean", JsonValueKind.True or JsonValueKind.False) or ("null", JsonValueKind.Null) => true,
        ("integer", JsonValueKind.Number) => value!.AsValue().TryGetValue<long>(out _),
        _ => false,
    };
}
