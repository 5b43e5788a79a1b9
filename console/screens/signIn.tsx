/** The way in: a key, or the organisation's own sign-in. */
import { useState } from 'preact/hooks';
import { ended, type Failure, signIn, ways } from '../api';
import { t } from '../language';

export function SignIn() {
  const [failure, setFailure] = useState<Failure | undefined>();
  const refused = new URLSearchParams(location.search).has('refused');
  return (
    <main id="content" class="sign-in" tabIndex={-1}>
      <h1>{t('title')}</h1>
      {ended.value && <p role="status">{t('ended')}</p>}
      {refused && <p role="alert">{t('notAdmitted')}</p>}
      {ways.value.key && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            const form = event.currentTarget;
            const key = String(new FormData(form).get('key') ?? '').trim();
            void signIn(key).then((found) => {
              setFailure(found);
              if (found !== undefined) form.querySelector('input')?.select();
            });
          }}
        >
          <div class="field">
            <label for="key">{t('key')}</label>
            <input
              id="key"
              name="key"
              type="password"
              autocomplete="current-password"
              required
              aria-describedby="key-help"
            />
            <small id="key-help">{t('keyHelp')}</small>
          </div>
          {failure !== undefined && <p role="alert">{textOf(failure)}</p>}
          <button type="submit" class="act">
            {t('signIn')}
          </button>
        </form>
      )}
      {ways.value.oidc && (
        <p>
          <a class="button" href={`/console/api/oidc/start?to=${encodeURIComponent(location.pathname)}`}>
            {t('withProvider')}
          </a>
        </p>
      )}
    </main>
  );
}

function textOf(failure: Failure): string {
  if (failure.status === 429) return t('tooMany', { seconds: failure.retryAfter });
  if (failure.status === 401) return t('wrongKey');
  return failure.code === 'unreachable'
    ? t('unreachable')
    : t('failed', { code: failure.code, id: failure.requestId });
}
