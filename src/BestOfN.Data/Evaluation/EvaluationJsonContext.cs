using System.Text.Json.Serialization;

namespace BestOfN.Data.Evaluation;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(BestOfNCurve))]
internal sealed partial class EvaluationJsonContext : JsonSerializerContext;
