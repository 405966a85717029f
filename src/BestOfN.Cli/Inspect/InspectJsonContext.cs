using System.Text.Json.Serialization;
using BestOfN.Inference.Folders;

namespace BestOfN.Cli.Inspect;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(ModelInspection))]
internal sealed partial class InspectJsonContext : JsonSerializerContext;
