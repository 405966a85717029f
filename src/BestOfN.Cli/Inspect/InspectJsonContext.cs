using System.Text.Json.Serialization;
using BestOfN.Models.Inspection;

namespace BestOfN.Cli.Inspect;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(ModelInspection))]
internal sealed partial class InspectJsonContext : JsonSerializerContext;
