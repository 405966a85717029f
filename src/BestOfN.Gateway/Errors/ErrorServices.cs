using BestOfN.Core.Generation;
using BestOfN.Core.Rewards;

namespace BestOfN.Gateway.Errors;

internal static class ErrorServices
{
    public static void AddOpenAIErrors(this IServiceCollection services)
    {
        services.AddSingleton<IProblemDetailsWriter, OpenAIErrorWriter>();
        services.AddProblemDetails();
        services.AddExceptionHandler(options =>
        {
            options.StatusCodeSelector = exception => ErrorDescription.Of(exception).StatusCode;

            // What has an entry in the table is an answer, not an accident; the parts concerned have logged what an operator needs.
            options.SuppressDiagnosticsCallback = context => context.Exception
                is ApiException { InnerException: null }
                or GenerationFailedException
                or ScoringFailedException { IsPromptUnreadable: true }
                or BadHttpRequestException;
        });
    }

    public static void UseOpenAIErrors(this IApplicationBuilder app)
    {
        app.UseExceptionHandler();
        app.UseStatusCodePages();
    }
}
