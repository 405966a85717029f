using BestOfN.Core.Computing;
using BestOfN.Gateway.Configuration;
using BestOfN.Gateway.Errors;
using BestOfN.Protocols.OpenAI.Wire;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace BestOfN.Gateway.Models;

/// <summary>The models by their base names; any of them may be asked for as <c>name@N</c> too.</summary>
internal static class ModelsEndpoints
{
    public static void MapModels(this IEndpointRouteBuilder routes)
    {
        var models = routes.MapGroup("/v1/models").WithTags("Models");
        models.MapGet("", List);
        models.MapGet("/{**name}", Get); // a name may have slashes
    }

    private static JsonHttpResult<ModelList> List(GeneratorCatalog catalog, RewardModelCatalog judges, IOptions<BestOfNOptions> options) =>
        TypedResults.Json(
            new ModelList([.. catalog.Models.Select(model => Describe(model, judges)), .. Served(catalog, judges, options)]),
            OpenAIJsonContext.Default.ModelList);

    /// <summary>Reward models that clients may name, too.</summary>
    private static IEnumerable<ModelDescription> Served(
        GeneratorCatalog catalog, RewardModelCatalog judges, IOptions<BestOfNOptions> options) =>
        options.Value.RewardServer.Enabled
            ? judges.Entries.Where(entry => !catalog.TryFind(entry.Name, out _, out _))
                .Select(entry => new ModelDescription(entry.Name, Created: 0, OwnedBy: "reward"))
            : [];

    private static JsonHttpResult<ModelDescription> Get(
        string name, GeneratorCatalog catalog, RewardModelCatalog judges, IOptions<BestOfNOptions> options)
    {
        // A path comes decoded but for this one character, which clients encode in names.
        var asked = name.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
        var found = catalog.TryFind(asked, out var model, out _) ? Describe(model, judges) with { Id = asked }
            : Served(catalog, judges, options).FirstOrDefault(served => served.Id == asked) ?? throw ApiException.ModelNotFound(asked);
        return TypedResults.Json(found, OpenAIJsonContext.Default.ModelDescription);
    }

    // When a model was made is not known here; the protocol wants a number.
    private static ModelDescription Describe(ServedModel model, RewardModelCatalog judges)
    {
        var generator = Report(model.Generator.Opened?.Computation);
        var judge = model.Options.RewardModel is { } name && judges.TryGet(name, out var entry) ? Report(entry.Opened?.Computation) : null;

        // Clients have always read "pocket" for a model in this process.
        var owner = model.Options.Generator is ModelOptions.Folder ? ModelOptions.OldFolder : model.Options.Generator;
        return new(model.Name, Created: 0, OwnedBy: owner) { BestOfN = generator is null && judge is null ? null : new(generator, judge) };
    }

    private static ModelComputationReport? Report(ModelComputation? computation) =>
        computation is null ? null : new(computation.Type, computation.Repeatability, computation.Kernels);
}
