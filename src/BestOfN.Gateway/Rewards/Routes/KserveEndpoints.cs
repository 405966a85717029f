using System.Text.Json;
using BestOfN.Gateway.Access;
using BestOfN.Gateway.Configuration;
using BestOfN.Gateway.Errors;
using BestOfN.Gateway.Models;
using BestOfN.Gateway.Rewards.Kserve;
using Microsoft.Extensions.Options;

namespace BestOfN.Gateway.Rewards.Routes;

/// <summary>The routes of KServe's protocol. Its clients ask whether a model is ready and what it takes before they call it.</summary>
internal static class KserveEndpoints
{
    public static void MapKserve(this IEndpointRouteBuilder routes, RewardServerOptions options)
    {
        var all = routes.MapGroup("/v2").WithMetadata(KserveRewards.Dialect).WithTags("Rewards");
        all.OpenFor(options, RewardDialectNames.Kserve);
        all.MapGet("", () => Json(WriteServer));
        foreach (var model in (string[])["/models/{name}", "/models/{name}/versions/{version}"])
        {
            all.MapGet(model, (string name, RewardModelNames names) => Describe(name, names, options, KserveModel.WriteMetadata));
            all.MapGet($"{model}/config", (string name, RewardModelNames names) => Describe(name, names, options, KserveModel.WriteConfig));
            all.MapPost($"{model}/infer", Infer);
            all.MapGet($"{model}/ready", (string name, RewardModelNames names) =>
                names.Find(Find(name, names, options).Model).IsReady ? Results.Ok()
                    : Results.StatusCode(StatusCodes.Status503ServiceUnavailable))
                .WithMetadata(OpenToAll.Instance);
        }

        all.MapPost("/repository/index", (RewardModelNames names) => Json(json => WriteIndex(json, names, options)));
    }

    private static Task Infer(
        HttpContext context, string name, RewardHandler handler, RewardModelNames names, RequestBodies bodies,
            IOptions<BestOfNOptions> options)
    {
        var (model, tellsExceeded) = Find(name, names, options.Value.RewardServer);
        return handler.AnswerAsync(
            context,
            KserveRewards.Dialect,
            exchange => KserveRewards.Read(
                exchange, name, model, tellsExceeded, json => bodies.CountValues(json.Span), options.Value.MaxRequestBodyBytes),
            isJson: false);
    }

    /// <summary>
    /// The reward model that a name means; null: the default one. Unlike in other dialects not any name will do: clients probe for it.
    /// </summary>
    private static (string? Model, bool TellsExceeded) Find(string name, RewardModelNames names, RewardServerOptions options) =>
        name == options.KserveModel ? (null, false)
        : name == options.KserveExceededModel ? (null, true)
        : names.IsConfigured(name) ? (name, false)
        : throw ApiException.RewardModelNotFound(name, Served(names, options));

    private static IEnumerable<string> Served(RewardModelNames names, RewardServerOptions options) =>
        new[] { options.KserveModel, options.KserveExceededModel }.OfType<string>().Concat(names.Entries.Select(entry => entry.Name))
            .Distinct();

    private static IResult Describe(
        string name, RewardModelNames names, RewardServerOptions options, Action<Utf8JsonWriter, string, bool> write)
    {
        var (_, tellsExceeded) = Find(name, names, options);
        return Json(json => write(json, name, tellsExceeded));
    }

    private static void WriteServer(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, "bestofn");
        json.WriteString("version"u8, Version.Number);
        json.WriteStartArray("extensions"u8);
        json.WriteStringValue("binary_tensor_data");
        json.WriteStringValue("model_configuration");
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteIndex(Utf8JsonWriter json, RewardModelNames names, RewardServerOptions options)
    {
        json.WriteStartArray();
        foreach (var name in Served(names, options))
        {
            CatalogState(json, name, names.Find(Find(name, names, options).Model));
        }

        json.WriteEndArray();
    }

    private static void CatalogState<T>(Utf8JsonWriter json, string name, CatalogEntry<T> entry)
        where T : class
    {
        json.WriteStartObject();
        json.WriteString("name"u8, name);
        json.WriteString("version"u8, KserveRewards.Version);
        json.WriteString("state"u8, entry.IsReady ? "READY" : "UNAVAILABLE");
        json.WriteEndObject();
    }

    private static IResult Json(Action<Utf8JsonWriter> write) => Results.Bytes(RewardReply.BytesOf(write), RewardReply.Json);
}
