using System.Text.Json;
using BestOfN.Core.Rewards;
using BestOfN.Gateway.Configuration;
using BestOfN.Gateway.Rewards.Sglang;
using BestOfN.Gateway.Rewards.Tei;
using Microsoft.Extensions.Options;

namespace BestOfN.Gateway.Rewards.Routes;

/// <summary>What clients are told of the reward model: TEI's <c>/info</c>, SGLang's and vLLM's routes of the kind.</summary>
internal static class RewardModelEndpoints
{
    public static void MapRewardModels(this IEndpointRouteBuilder routes, RewardServerOptions options)
    {
        routes.MapGet("/info", InfoAsync).WithMetadata(TeiRewards.Dialect).OpenFor(options, RewardDialectNames.Tei);
        foreach (var path in (string[])["/get_model_info", "/model_info"])
        {
            routes.MapGet(path, (RewardModelNames names) => Json(json => WriteModelInfo(json, names.Find(null).Name)))
                .WithMetadata(SglangRewards.Dialect).OpenFor(options, RewardDialectNames.Sglang, RewardDialectNames.Xtuner);
        }

        routes.MapGet("/get_server_info", (RewardModelNames names) => Json(json => WriteModelInfo(json, names.Find(null).Name)))
            .WithMetadata(SglangRewards.Dialect).OpenFor(options, RewardDialectNames.Sglang, RewardDialectNames.Xtuner);
        routes.MapGet("/version", () => Json(json =>
        {
            json.WriteStartObject();
            json.WriteString("version"u8, Version.Number);
            json.WriteEndObject();
        })).OpenFor(options, RewardDialectNames.Vllm, RewardDialectNames.Verl, RewardDialectNames.Xtuner);
    }

    private static async Task<IResult> InfoAsync(
        RewardModelNames names, IOptions<BestOfNOptions> options, CancellationToken cancellationToken)
    {
        var entry = names.Find(null);
        var judge = await entry.GetAsync(cancellationToken);
        var settings = options.Value.RewardModels[entry.Name];
        return Json(json => WriteInfo(json, judge, settings, options.Value.RewardServer));
    }

    private static void WriteInfo(Utf8JsonWriter json, IRewardModel judge, RewardModelOptions settings, RewardServerOptions server)
    {
        var direct = judge as IInputRewardModel;
        json.WriteStartObject();
        json.WriteString("model_id"u8, judge.Name);
        json.WriteString("model_sha"u8, judge.Digest);
        json.WriteString("model_dtype"u8, judge.Computation?.Type ?? "float32");
        json.WriteString("served_model_name"u8, judge.Name);

        // Clients refuse to rerank with a model of the kind "classifier".
        json.WriteStartObject("model_type"u8);
        json.WriteStartObject("reranker"u8);
        json.WriteStartObject("id2label"u8);
        json.WriteString("0"u8, direct?.Label ?? "LABEL_0");
        json.WriteEndObject();
        json.WriteStartObject("label2id"u8);
        json.WriteNumber(direct?.Label ?? "LABEL_0", 0);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteNumber("max_concurrent_requests"u8, server.MaxConcurrentPrompts);
        json.WriteNumber("max_input_length"u8, direct?.MaxLength ?? 0);
        json.WriteNumber("max_batch_tokens"u8, settings.TokensPerPass ?? 8192);
        json.WriteNull("max_batch_requests"u8);
        json.WriteNumber("max_client_batch_size"u8, server.TeiMaxClientBatchSize);
        json.WriteBoolean("auto_truncate"u8, server.AutoTruncate);
        json.WriteNumber("tokenization_workers"u8, Environment.ProcessorCount);
        json.WriteString("version"u8, Version.Number);
        json.WriteNull("sha"u8);
        json.WriteNull("docker_label"u8);
        json.WriteEndObject();
    }

    private static void WriteModelInfo(Utf8JsonWriter json, string name)
    {
        json.WriteStartObject();
        json.WriteString("model_path"u8, name);
        json.WriteString("tokenizer_path"u8, name);
        json.WriteString("served_model_name"u8, name);
        json.WriteBoolean("is_generation"u8, false);
        json.WriteString("version"u8, Version.Number);
        json.WriteEndObject();
    }

    private static IResult Json(Action<Utf8JsonWriter> write) => Results.Bytes(RewardReply.BytesOf(write), RewardReply.Json);
}
