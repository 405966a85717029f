using BestOfN.Gateway.Errors;
using BestOfN.Gateway.Wire;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BestOfN.Gateway.Catalog;

/// <summary>The models by their base names; any of them may be asked for as <c>name@N</c> too.</summary>
internal static class ModelsEndpoints
{
    public static void MapModels(this IEndpointRouteBuilder routes)
    {
        var models = routes.MapGroup("/v1/models").WithTags("Models");
        models.MapGet("", List);
        models.MapGet("/{name}", Get);
    }

    private static JsonHttpResult<ModelList> List(GeneratorCatalog catalog) =>
        TypedResults.Json(new ModelList([.. catalog.Models.Select(Describe)]), OpenAIJsonContext.Default.ModelList);

    private static JsonHttpResult<ModelDescription> Get(string name, GeneratorCatalog catalog) =>
        catalog.TryFind(name, out var model, out _)
            ? TypedResults.Json(Describe(model), OpenAIJsonContext.Default.ModelDescription)
            : throw ApiException.ModelNotFound(name);

    // When a model was made is known to nobody here; the protocol wants a number.
    private static ModelDescription Describe(ServedModel model) => new(model.Name, Created: 0, OwnedBy: model.Options.Generator);
}
