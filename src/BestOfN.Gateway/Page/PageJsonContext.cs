using System.Text.Json;
using System.Text.Json.Serialization;
using BestOfN.Gateway.Page.Ranking;
using BestOfN.Gateway.Page.Traffic;

namespace BestOfN.Gateway.Page;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(PageFacts))]
[JsonSerializable(typeof(RankingAnswer))]
[JsonSerializable(typeof(TrafficReport))]
internal sealed partial class PageJsonContext : JsonSerializerContext;
