using System.Text.Json.Serialization;

namespace BestOfN.Protocols.OpenAI.Wire;

/// <summary>JSON that somebody else wrote and that is passed on as it is. Nothing at all is written as null.</summary>
[JsonConverter(typeof(RawJsonConverter))]
public readonly record struct RawJson(ReadOnlyMemory<byte> Utf8);
