using System.Text.Json;
using System.Text.Json.Serialization;

namespace BestOfN.Protocols.OpenAI.Wire;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ChatCompletion))]
[JsonSerializable(typeof(ChatCompletionChunk))]
[JsonSerializable(typeof(LiveChunk))]
[JsonSerializable(typeof(Completion))]
[JsonSerializable(typeof(ModelList))]
[JsonSerializable(typeof(ApiErrorResponse))]
[JsonSerializable(typeof(JsonElement))]
public sealed partial class OpenAIJsonContext : JsonSerializerContext;
