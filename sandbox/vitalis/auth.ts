import type { Request, RequestHandler } from 'express';
import { isEmail } from './rules';
import { ADMIN, type VitalisState } from './store';
import { bodyField, type Check, failIf, validate } from './validation';

/** Lets a request with a valid token pass; 401 and 404 texts of vitalis.md section 2. */
export function requireToken(state: VitalisState): RequestHandler {
  return (request, response, next) => {
    const token = tokenOf(request, state);
    if (token === undefined) return void response.status(401).json({ msg: 'No hay token en la petición' });
    const userId = state.readToken(token);
    if (userId === undefined) return void response.status(401).json({ msg: 'Token no válido' });
    const user = state.users.get(userId);
    if (!user) return void response.status(404).json({ msg: 'El usuario no se encuentra en la DB' });
    response.locals.rol = user.rol;
    next();
  };
}

/** Lets only the administrator pass: 401 in the code, 403 in the document (vitalis.md section 6). */
export function requireAdmin(state: VitalisState): RequestHandler {
  return (_request, response, next) => {
    if (response.locals.rol === ADMIN) return next();
    const status = state.settings.dialect === 'documented' ? 403 : 401;
    response.status(status).json({ msg: 'El usuario no es un administrador' });
  };
}

function tokenOf(request: Request, state: VitalisState): string | undefined {
  const bare = request.get('x-token') || undefined;
  const bearer = /^Bearer +(\S+)$/i.exec(request.get('authorization') ?? '')?.[1];
  switch (state.settings.dialect) {
    case 'code':
      return bare;
    case 'documented':
      return bearer;
    case 'both':
      return bare ?? bearer;
  }
}

// The two texts are in no source.
const LOGIN_CHECKS: readonly Check[] = [
  { field: 'email', msg: 'El email no es válido', test: (value) => failIf(!isEmail(value)) },
  {
    field: 'password',
    msg: 'La contraseña debe tener al menos 6 caracteres',
    test: (value) => failIf(typeof value !== 'string' || value.length < 6),
  },
];

/** POST /auth/login (vitalis.md section 1). */
export function logIn(state: VitalisState): RequestHandler[] {
  return [
    validate(LOGIN_CHECKS, state),
    (request, response) => {
      const email = bodyField(request, 'email');
      const user = state.users.all().find((candidate) => candidate.email === email);
      if (!user) return void response.status(400).json({ msg: 'No se encontró el email' });
      if (user.password !== bodyField(request, 'password')) {
        return void response.status(401).json({ msg: 'La contraseña es incorrecta' });
      }
      const { name, surname, rol } = user;
      response.json({ name, surname, email: user.email, rol, token: state.issueToken(user.id) });
    },
  ];
}
