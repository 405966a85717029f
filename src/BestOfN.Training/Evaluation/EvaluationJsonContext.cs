using System.Text.Json.Serialization;

namespace BestOfN.Training.Evaluation;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(BestOfNCurve))]
internal sealed partial class EvaluationJsonContext : JsonSerializerContext;
